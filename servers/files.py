"""An HTTP server of a folder of files, that waits a fixed time before each answer.

Run by ``servers.local`` in a process of its own. A request for a file that is there waits the delay;
``GET /-/seen`` tells what was seen since ``POST /-/reset``, both without waiting.

uvicorn with httptools, on asyncio's own event loop. uvloop would serve more requests a second, but its
timers may fire up to a millisecond early, and a server that waits less than it says would let a
client look better than the best possible.
"""

from __future__ import annotations

import asyncio
import importlib.metadata
import json
import platform
import socket
import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import click
import uvicorn

from servers import LOOPBACK
from servers.process import end_with

BACKLOG = 2048
"""Connections that may wait to be accepted: more than any benchmark opens. Where it is too short the
kernel drops the rest, and each client tries again about a second later."""

KEEP_ALIVE = 24 * 3600
"""Seconds an idle connection stays open: longer than any benchmark."""

Receive = Callable[[], Awaitable[Any]]
Send = Callable[[dict[str, Any]], Awaitable[None]]


class FileApp:
    """The ASGI application: files from memory, path -> body, each after ``delay`` seconds."""

    def __init__(self, files: Mapping[str, bytes], delay: float) -> None:
        self.files = files
        self.delay = delay
        self.in_flight = 0
        self.reset()

    def reset(self) -> None:
        self.served = 0
        self.peak = self.in_flight  # what an earlier round has left running still counts
        self.cpu_at_reset = time.process_time()

    def seen(self) -> dict[str, int | float]:
        cpu_seconds = time.process_time() - self.cpu_at_reset
        return {"served": self.served, "peak": self.peak, "cpu_seconds": cpu_seconds}

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        path = scope["path"].lstrip("/")
        if path == "-/reset":
            self.reset()
            await respond(send, 200, b"")
        elif path == "-/seen":
            await respond(send, 200, json.dumps(self.seen()).encode())
        elif path in self.files:
            await self.serve(self.files[path], send)
        else:
            await respond(send, 404, b"")

    async def serve(self, body: bytes, send: Send) -> None:
        self.in_flight += 1
        self.peak = max(self.peak, self.in_flight)
        try:
            # At a delay of 0 there is nothing to wait for, and no turn of the loop to pay.
            if self.delay:
                await asyncio.sleep(self.delay)
        finally:
            # Before the answer is on its way: its client may send the next request at once.
            self.in_flight -= 1
        self.served += 1
        await respond(send, 200, body)


async def respond(send: Send, status: int, body: bytes) -> None:
    headers = [(b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def read_files(directory: Path) -> dict[str, bytes]:
    """Path below ``directory``, with forward slashes -> content."""
    return {
        path.relative_to(directory).as_posix(): path.read_bytes()
        for path in directory.rglob("*")
        if path.is_file()
    }


def listen(port: int, host: str = LOOPBACK) -> socket.socket:
    """A socket that listens at this address of the machine; port 0 lets the system choose one."""
    # Named as TCP, not left to the default of 0: asyncio sets TCP_NODELAY only on sockets that say
    # so, and without it every answer waits 40 ms for the client's delayed acknowledgement.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    listener.bind((host, port))
    listener.listen(BACKLOG)
    return listener


def runs_on() -> dict[str, str]:
    """What this server runs on: name -> version."""
    packages = {name: importlib.metadata.version(name) for name in ("uvicorn", "httptools")}
    return {platform.python_implementation(): platform.python_version(), **packages}


@click.command()
@click.option("--directory", type=click.Path(path_type=Path, exists=True), required=True)
@click.option("--delay", type=click.FloatRange(min=0), default=0.0, help="Seconds to wait.")
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="0: any free one.")
@click.option("--host", default=LOOPBACK, show_default=True, help="The address to listen at.")
@click.option("--parent", type=int, help="End when the process with this id does.")
def main(directory: Path, delay: float, port: int, host: str, parent: int | None) -> None:
    """Serve the files of a folder; when ready, print the port and what it runs on, as JSON."""
    if parent is not None:
        end_with(parent)
    app = FileApp(read_files(directory), delay)
    with listen(port, host) as listener:
        click.echo(json.dumps({"port": listener.getsockname()[1], "runs_on": runs_on()}))
        uvicorn.Server(configuration(app)).run(sockets=[listener])


def configuration(app: FileApp) -> uvicorn.Config:
    """How uvicorn serves the application."""
    return uvicorn.Config(
        app,
        http="httptools",
        loop="asyncio",
        ws="none",
        lifespan="off",
        log_level="warning",
        access_log=False,
        timeout_keep_alive=KEEP_ALIVE,
    )


if __name__ == "__main__":
    main()
