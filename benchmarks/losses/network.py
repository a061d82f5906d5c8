"""Connections that are open already, and connections whose answers come from within the process."""

from __future__ import annotations

import asyncio
import re
import socket
import time
from asyncio import selector_events
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any, Self

import pytest

from servers.local import Local

Use = Callable[[], None]

DEADLINE = 10.0
"""Seconds for the server to accept connections."""

WAIT = 60.0
"""Seconds for the server to answer."""

MANY = 64 * 1024
"""Bytes to read at once, as httpcore does."""

END = b"\r\n\r\n"
"""Of the head of an answer."""


# -- connecting ---------------------------------------------------------------------------------------


@contextmanager
def connected(server: Local, number: int) -> Iterator[list[socket.socket]]:
    """This many connections that the server has accepted; those that are left are closed."""
    with ExitStack() as stack:
        before = server.seen().connections or 0
        sockets = [socket.create_connection((server.host, server.port)) for _ in range(number)]
        stack.callback(close, sockets)
        end = time.monotonic() + DEADLINE
        while (server.seen().connections or 0) < before + number:
            if time.monotonic() > end:
                raise TimeoutError(f"the server accepted no {number} connections in {DEADLINE:g} s")
        yield sockets


def close(sockets: list[socket.socket]) -> None:
    for each in sockets:
        each.close()


def install_connected(patch: pytest.MonkeyPatch, sockets: list[socket.socket], use: Use) -> None:
    """Let threads and event loops take these in place of new connections."""

    def take() -> socket.socket:
        use()
        return sockets.pop()

    def create(*_: Any, **__: Any) -> socket.socket:
        return take()

    whole = asyncio.BaseEventLoop.create_connection

    async def create_in_loop(
        loop: asyncio.BaseEventLoop, factory: Any, host: Any = None, port: Any = None, *,
        sock: Any = None, **options: Any,
    ) -> Any:  # fmt: skip
        if sock is None:
            sock, options = take(), {}
            sock.setblocking(False)
        return await whole(loop, factory, sock=sock, **options)

    async def start(*_: Any, **__: Any) -> socket.socket:
        sock = take()
        sock.setblocking(False)
        return sock

    patch.setattr(socket, "create_connection", create)
    patch.setattr(asyncio.BaseEventLoop, "create_connection", create_in_loop)
    try:
        import aiohappyeyeballs
    except ImportError:
        return
    patch.setattr(aiohappyeyeballs, "start_connection", start)


# -- the server ---------------------------------------------------------------------------------------


def answers(server: Local, files: Mapping[str, bytes]) -> dict[bytes, bytes]:
    """The path in a request -> the bytes of the answer, with the headers that the server sends."""
    some = min(files)
    head = _head(server, some)
    length = re.compile(rb"(content-length: )%d" % len(files[some]), re.IGNORECASE)
    assert length.search(head), f"an answer without a length: {head!r}"
    return {
        b"/" + path.encode(): length.sub(rb"\g<1>%d" % len(body), head) + body
        for path, body in files.items()
    }


def _head(server: Local, path: str) -> bytes:
    """What the server sends before this file."""
    request = f"GET /{path} HTTP/1.1\r\nHost: {server.host}\r\n\r\n"
    received = b""
    with socket.create_connection((server.host, server.port), timeout=WAIT) as connection:
        connection.sendall(request.encode())
        while END not in received:
            received += connection.recv(MANY)
    return received[: received.index(END) + len(END)]


class Answering(socket.socket):
    """A socket that threads use: a request comes back as its answer, after a delay."""

    known: Mapping[bytes, bytes]
    delay: float
    use: Use

    @classmethod
    def around(cls, connection: socket.socket) -> Self:
        """Takes the place of a connection to the server, which gets no request."""
        return cls(fileno=connection.detach())

    def send(self, data: Any, flags: int = 0, /) -> int:
        self.use()
        self.due = time.monotonic() + self.delay
        self.left = memoryview(self.known[path_in(data)])
        return len(data)

    def recv(self, size: int, flags: int = 0, /) -> bytes:
        time.sleep(max(0.0, self.due - time.monotonic()))
        part, self.left = self.left[:size], self.left[size:]
        return bytes(part)


def install_answering(
    patch: pytest.MonkeyPatch, known: Mapping[bytes, bytes], delay: float, use: Use
) -> None:
    """Let the connections of threads and event loops answer by themselves."""
    own = {"known": known, "delay": delay, "use": staticmethod(use)}
    kind: Any = type("Answering", (Answering,), own)
    connect = socket.create_connection

    def create(*args: Any, **options: Any) -> socket.socket:
        answering: socket.socket = kind.around(connect(*args, **options))
        return answering

    def write(transport: Any, data: Any) -> None:
        use()
        transport._loop.call_later(delay, receive, transport, known[path_in(data)])

    def write_lines(transport: Any, lines: Any) -> None:
        write(transport, b"".join(lines))

    patch.setattr(socket, "create_connection", create)
    transport: Any = getattr(selector_events, "_SelectorSocketTransport")  # noqa: B009 - not typed
    patch.setattr(transport, "write", write)
    patch.setattr(transport, "writelines", write_lines)


def receive(transport: Any, data: bytes) -> None:
    """Give the protocol of a connection these bytes, unless it is closed."""
    if not transport.is_closing():
        transport.get_protocol().data_received(data)


def path_in(request: Any) -> bytes:
    """The path of a request."""
    return bytes(request).split(b" ", 2)[1]
