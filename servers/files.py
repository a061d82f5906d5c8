"""An HTTP server for a folder of files, with a delay before each answer and injected faults.

``servers.local`` runs it in a separate process. Each file comes after the delay. ``GET /-/seen``
returns the counts since ``POST /-/reset``; both answer without a delay.

It uses uvicorn with httptools, on asyncio's own event loop. uvloop would serve more requests a second,
but its timers may fire up to a millisecond early. With a delay that is too short, a client could be
faster than the best possible time.
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

from servers import LOOPBACK, PROTOCOLS
from servers.certificate import Certificate, issue
from servers.delay import METAVAR, Delay, option
from servers.faults import WRONG, check, cut
from servers.process import end_with

BACKLOG = 2048
"""Connections that can wait to be accepted: more than any benchmark opens. The kernel drops connections
beyond it, and each such client retries about a second later."""

KEEP_ALIVE = 24 * 3600
"""Seconds that an idle connection stays open: longer than any benchmark."""

Receive = Callable[[], Awaitable[Any]]
Send = Callable[[dict[str, Any]], Awaitable[None]]

Address = tuple[str, int]
"""The host and the port of a client, which tell its open connections apart."""

TRANSPORT = "concurbench.transport"
"""The ASGI extension that holds the connection's transport, so that a fault can abort it."""


class FileApp:
    """The ASGI application: serves ``files``, path -> body, from memory, each after ``delay``.

    ``faults`` maps a path to its kind of fault. Such a request waits and is in flight like any other,
    but it is not counted as served. Neither is a request for a file that does not exist.

    ``connections`` counts the connections accepted since the last reset, without those that ask for
    the counts. A connection that stays open over a reset does not count again.

    A new connection costs ``connect_delay`` seconds, as a round trip would: until it is that old, its
    requests wait, in flight, before their own delay.

    Raises:
        ValueError: a fault is of an unknown kind, or for a file that does not exist.
    """

    def __init__(
        self, files: Mapping[str, bytes], delay: float | Delay, *,
        faults: Mapping[str, str] | None = None, seed: int = 0, connect_delay: float = 0.0,
    ) -> None:  # fmt: skip
        delay = delay if isinstance(delay, Delay) else Delay(delay, delay)
        self.files = files
        self.faults = dict(faults or {})
        check(self.faults, files)
        self.delays = {path: self._delay(path, delay, seed) for path in files}
        # With a fixed delay and no faults no client disconnects early, so save the time of watching.
        self.watches = bool(self.faults) or not delay.fixed
        self.connect_delay = connect_delay
        self.in_flight = 0
        self.counted: set[Address] = set()
        self.established: dict[Address, float] = {}
        """Client -> the time of the event loop when its connection is old enough."""
        self.reset()

    def _delay(self, path: str, delay: Delay, seed: int) -> float:
        return math.inf if self.faults.get(path) == "timeout" else delay.of(path, seed)

    def reset(self) -> None:
        self.served = 0
        self.connections = 0
        self.counted.clear()
        self.peak = self.in_flight  # requests of an earlier round may still run
        self.cpu_at_reset = time.process_time()

    def opened(self, client: Address) -> None:
        """A client has connected."""
        self.connections += 1
        self.counted.add(client)
        if self.connect_delay:
            now = asyncio.get_running_loop().time()
            self.established[client] = now + self.connect_delay

    def closed(self, client: Address) -> None:
        """The connection of this client has ended."""
        self.counted.discard(client)
        self.established.pop(client, None)

    def connecting(self, client: Address) -> float:
        """The seconds until the connection of this client is old enough."""
        now = asyncio.get_running_loop().time()
        return max(0.0, self.established.get(client, now) - now)

    def leave_out(self, client: Address) -> None:
        """Do not count the connection of this client."""
        if client in self.counted:
            self.counted.remove(client)
            self.connections -= 1

    def seen(self) -> dict[str, int | float]:
        cpu_seconds = time.process_time() - self.cpu_at_reset
        return {
            "served": self.served, "peak": self.peak, "cpu_seconds": cpu_seconds,
            "connections": self.connections,
        }  # fmt: skip

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        path = scope["path"].lstrip("/")
        if path == "-/reset":
            self.reset()
            await respond(send, 200, b"")
        elif path == "-/seen":
            self.leave_out(scope["client"])
            await respond(send, 200, json.dumps(self.seen()).encode())
        elif path not in self.files:
            await respond(send, 404, b"")
        elif await self.waited(self.delay_of(path, scope), receive):
            if path in self.faults:
                await self.fail(path, scope, receive, send)
            else:
                self.served += 1
                await respond(send, 200, self.files[path])

    def delay_of(self, path: str, scope: Mapping[str, Any]) -> float:
        """The seconds that this request waits."""
        delay = self.delays[path]
        return delay + self.connecting(scope["client"]) if self.connect_delay else delay

    async def waited(self, delay: float, receive: Receive) -> bool:
        """Wait ``delay`` seconds with the request in flight: whether the client is still connected."""
        self.in_flight += 1
        self.peak = max(self.peak, self.in_flight)
        try:
            if self.watches and delay:
                return not await leaves(receive, delay)
            # Without a delay, even a turn of the event loop would cost time.
            if delay:
                await asyncio.sleep(delay)
            return True
        finally:
            # Before sending: the client may send its next request at once.
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
                await send(head(200, len(body) + 1))  # one byte is missing even if the file is empty
                await send({"type": "http.response.body", "body": half, "more_body": True})
                transport.close()
            else:
                cut(transport)
            await gone(receive)  # so that uvicorn sends nothing more


class ByAddress(FileApp):
    """The same for a server that does not report connections: the first request from an address opens
    one. A reset forgets all, so a connection that stays open over it counts again."""

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        if scope["client"] not in self.counted:
            self.opened(scope["client"])
        await super().__call__(scope, receive, send)

    def reset(self) -> None:
        super().reset()
        self.established.clear()


async def gone(receive: Receive) -> None:
    """Wait until the client has disconnected."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def leaves(receive: Receive, seconds: float) -> bool:
    """Wait ``seconds``, or until the client disconnects: whether it did."""
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
    """uvicorn's protocol, which also reports the connection to the application."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn
        super().connection_made(transport)
        app: Any = self.config.app
        app.opened(self.client)

    def connection_lost(self, exc: Exception | None) -> None:
        app: Any = self.config.app
        app.closed(self.client)
        super().connection_lost(exc)


class FaultyConnection(Connection):
    """The same, which also passes its transport to the application."""

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
    """A socket that listens at this address; port 0 selects a free port."""
    # The protocol is given explicitly, because asyncio sets TCP_NODELAY only on sockets with it.
    # Without TCP_NODELAY every answer waits 40 ms for the client's delayed acknowledgement.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    listener.bind((host, port))
    listener.listen(BACKLOG)
    return listener


PACKAGES = {"http": ("uvicorn", "httptools"), "https": ("uvicorn", "httptools"), "h2": ("granian",)}
"""Protocol -> the packages that speak it."""


def runs_on(protocol: str = "http") -> dict[str, str]:
    """The interpreter and packages of this server: name -> version."""
    packages = {name: importlib.metadata.version(name) for name in PACKAGES[protocol]}
    return {platform.python_implementation(): platform.python_version(), **packages}


@click.command()
@click.option("--directory", type=click.Path(path_type=Path, exists=True), required=True)
@click.option("--delay", type=option, default="0", metavar=METAVAR, help="Delay before each answer.")
@click.option(
    "--connect-delay", type=click.FloatRange(0), default=0.0, metavar="SECONDS",
    help="How much later the first answer on a new connection comes.",
)  # fmt: skip
@click.option("--faults", default="{}", help="Files that fail: path -> kind of fault, as JSON.")
@click.option("--seed", type=int, default=0, help="Seed for random delays.")
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="0 selects a free port.")
@click.option("--host", default=LOOPBACK, show_default=True, help="The address to listen at.")
@click.option("--protocol", type=click.Choice(PROTOCOLS), default="http", show_default=True)
@click.option(
    "--certificate", "folder", type=click.Path(path_type=Path, file_okay=False),
    help="The folder for the certificate, for TLS. It is removed at the end of --parent.",
)  # fmt: skip
@click.option("--parent", type=int, help="End when the process with this id does.")
def main(
    directory: Path, delay: Delay, connect_delay: float, faults: str, seed: int, port: int, host: str,
    protocol: str, folder: Path | None, parent: int | None,
) -> None:  # fmt: skip
    """Serve the files of a folder. When ready, print the port, the file of the certificate authority
    and ``runs_on()`` as JSON."""
    if parent is not None:
        end_with(parent, folder)
    if protocol == "h2":
        from servers import http2  # only now: all else needs no granian
    try:
        app = (ByAddress if protocol == "h2" else FileApp)(
            read_files(directory), delay, faults=json.loads(faults), seed=seed,
            connect_delay=connect_delay,
        )  # fmt: skip
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--faults") from None
    if app.faults and protocol == "h2":
        raise click.UsageError("--protocol=h2 has no --faults: granian cuts no connection")
    certificate = None
    if protocol != "http":
        if folder is None:
            raise click.UsageError(f"--protocol={protocol} needs --certificate")
        certificate = issue([LOOPBACK, host], folder)
    with listen(port, host) as listener:
        ready = {
            "port": listener.getsockname()[1],
            "authority": certificate and str(certificate.authority),
            "runs_on": runs_on(protocol),
        }
        click.echo(json.dumps(ready))
        if certificate and protocol == "h2":
            http2.serve(app, listener, BACKLOG, certificate)
        else:
            uvicorn.Server(configuration(app, certificate)).run(sockets=[listener])


def configuration(app: FileApp, certificate: Certificate | None = None) -> uvicorn.Config:
    """The configuration of uvicorn for this application, over TLS with a certificate."""
    return uvicorn.Config(
        app,
        http=FaultyConnection if app.faults else Connection,
        loop="asyncio",
        ws="none",
        lifespan="off",
        log_level="warning",
        access_log=False,
        timeout_keep_alive=KEEP_ALIVE,
        ssl_certfile=certificate and certificate.server,
    )


if __name__ == "__main__":
    main()
