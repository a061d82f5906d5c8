"""An HTTP server of a folder of files, that waits before each answer, and fails where it is told to.

Run by ``servers.local`` in a process of its own. A request for a file that is there waits the delay;
``GET /-/seen`` tells what was seen since ``POST /-/reset``, both without waiting.

uvicorn with httptools, on asyncio's own event loop. uvloop would serve more requests a second, but its
timers may fire up to a millisecond early, and a server that waits less than it says would let a
client look better than the best possible.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib.metadata
import json
import math
import platform
import socket
import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import click
import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from servers import LOOPBACK
from servers.delay import METAVAR, Delay, option
from servers.faults import WRONG, check, cut
from servers.process import end_with

BACKLOG = 2048
"""Connections that may wait to be accepted: more than any benchmark opens. Where it is too short the
kernel drops the rest, and each client tries again about a second later."""

KEEP_ALIVE = 24 * 3600
"""Seconds an idle connection stays open: longer than any benchmark."""

Receive = Callable[[], Awaitable[Any]]
Send = Callable[[dict[str, Any]], Awaitable[None]]


TRANSPORT = "concurbench.transport"
"""The extension of an ASGI scope that holds the connection's transport, for faults to cut it."""


class FileApp:
    """The ASGI application: files from memory, path -> body, each after ``delay``.

    ``faults`` says which paths fail, and how. Such a request waits as the others do and is in flight
    meanwhile, but it is not served, no more than one for a file that is not there.

    Raises:
        ValueError: a fault of no known kind, or of no file.
    """

    def __init__(
        self, files: Mapping[str, bytes], delay: float | Delay, *,
        faults: Mapping[str, str] | None = None, seed: int = 0,
    ) -> None:  # fmt: skip
        delay = delay if isinstance(delay, Delay) else Delay(delay, delay)
        self.files = files
        self.faults = dict(faults or {})
        check(self.faults, files)
        self.delays = {path: self._delay(path, delay, seed) for path in files}
        # Where all is well and takes the same time, nobody leaves early, and to look would cost.
        self.watches = bool(self.faults) or not delay.fixed
        self.in_flight = 0
        self.reset()

    def _delay(self, path: str, delay: Delay, seed: int) -> float:
        return math.inf if self.faults.get(path) == "timeout" else delay.of(path, seed)

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
        elif path not in self.files:
            await respond(send, 404, b"")
        elif await self.waited(self.delays[path], receive):
            if path in self.faults:
                await self.fail(path, scope, receive, send)
            else:
                self.served += 1
                await respond(send, 200, self.files[path])

    async def waited(self, delay: float, receive: Receive) -> bool:
        """Whether the client is still there after so many seconds; its request is in flight so long."""
        self.in_flight += 1
        self.peak = max(self.peak, self.in_flight)
        try:
            if self.watches and delay:
                return not await leaves(receive, delay)
            # At a delay of 0 there is nothing to wait for, and no turn of the loop to pay.
            if delay:
                await asyncio.sleep(delay)
            return True
        finally:
            # Before the answer is on its way: its client may send the next request at once.
            self.in_flight -= 1

    async def fail(self, path: str, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        kind = self.faults[path]
        if kind.isdecimal():
            await respond(send, int(kind), b"")
        elif kind == "wrong":
            await respond(send, 200, WRONG)
        else:
            transport = scope["extensions"][TRANSPORT]
            if kind == "short":
                body = self.files[path]
                half = body[: len(body) // 2]
                await send(head(200, len(body) + 1))  # one is missing of a file of no bytes, too
                await send({"type": "http.response.body", "body": half, "more_body": True})
                transport.close()
            else:
                cut(transport)
            await gone(receive)  # so that uvicorn knows, and sends nothing more


async def gone(receive: Receive) -> None:
    """Wait until the connection has ended."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def leaves(receive: Receive, seconds: float) -> bool:
    """Wait so many seconds, or until the client has gone: whether it has."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await gone(receive)
            return True
    return False


def head(status: int, size: int) -> dict[str, Any]:
    headers = [(b"content-length", str(size).encode())]
    return {"type": "http.response.start", "status": status, "headers": headers}


async def respond(send: Send, status: int, body: bytes) -> None:
    await send(head(status, len(body)))
    await send({"type": "http.response.body", "body": body})


class Connection(HttpToolsProtocol):
    """uvicorn's protocol, that hands the application its transport."""

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["extensions"] = {TRANSPORT: self.transport}  # type: ignore[dict-item]


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
@click.option("--delay", type=option, default="0", metavar=METAVAR, help="How long to wait.")
@click.option("--faults", default="{}", help="Which files fail, and how: path -> kind, as JSON.")
@click.option("--seed", type=int, default=0, help="What delays are drawn from.")
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="0: any free one.")
@click.option("--host", default=LOOPBACK, show_default=True, help="The address to listen at.")
@click.option("--parent", type=int, help="End when the process with this id does.")
def main(
    directory: Path, delay: Delay, faults: str, seed: int, port: int, host: str, parent: int | None
) -> None:
    """Serve the files of a folder; when ready, print the port and what it runs on, as JSON."""
    if parent is not None:
        end_with(parent)
    try:
        app = FileApp(read_files(directory), delay, faults=json.loads(faults), seed=seed)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--faults") from None
    with listen(port, host) as listener:
        click.echo(json.dumps({"port": listener.getsockname()[1], "runs_on": runs_on()}))
        uvicorn.Server(configuration(app)).run(sockets=[listener])


def configuration(app: FileApp) -> uvicorn.Config:
    """How uvicorn serves the application."""
    return uvicorn.Config(
        app,
        http=Connection if app.faults else "httptools",
        loop="asyncio",
        ws="none",
        lifespan="off",
        log_level="warning",
        access_log=False,
        timeout_keep_alive=KEEP_ALIVE,
    )


if __name__ == "__main__":
    main()
