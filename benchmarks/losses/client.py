"""Clients that send and read bytes that are known beforehand: they parse a length, and nothing else.

Those of httpx keep the pool and the connections of httpcore. That of aiohttp has a pool of its own, a
stack: aiohttp's belongs to its client.
"""

from __future__ import annotations

import asyncio
import functools
import re
from collections.abc import Callable
from typing import Any, NamedTuple, Self
from urllib.parse import urlsplit

import httpcore
import httpx
import pytest
from httpcore._async import connection as async_connection
from httpcore._async.http11 import AsyncHTTP11Connection
from httpcore._async.http11 import HTTPConnectionState as AsyncState
from httpcore._sync import connection as sync_connection
from httpcore._sync.http11 import HTTP11Connection, HTTPConnectionState

from benchmarks.losses.network import END, MANY

LENGTH = re.compile(rb"content-length: (\d+)", re.IGNORECASE)

LIMITS = httpx.Limits(max_connections=100, max_keepalive_connections=20, keepalive_expiry=5.0)
"""The default of httpx, and of httpx2."""


class Answer(NamedTuple):
    """Has what models ask of a response of httpx."""

    status_code: int
    content: bytes


class Bytes:
    """The bytes of an answer, read so far."""

    def __init__(self) -> None:
        self.read = bytearray()
        self._end = 0

    def whole(self, more: bytes) -> bool:
        """Whether the answer is complete with these bytes."""
        if not more:
            raise httpx.ReadError("the server has closed the connection")
        self.read += more
        if not self._end and (head := self.read.find(END)) > 0:
            length = LENGTH.search(self.read, 0, head)
            assert length is not None, "an answer without a length"
            self._head = head + len(END)
            self._end = self._head + int(length[1])
        return bool(self._end) and len(self.read) >= self._end

    @property
    def status(self) -> int:
        return int(self.read[9:12])

    @property
    def body(self) -> bytes:
        return bytes(self.read[self._head : self._end])


@functools.cache
def request_for(url: str) -> httpcore.Request:
    return httpcore.Request("GET", url)


@functools.cache
def bytes_for(host: bytes, target: bytes) -> bytes:
    """A request with the headers that httpx sends."""
    return (
        b"GET %s HTTP/1.1\r\nHost: %s\r\nAccept: */*\r\nAccept-Encoding: gzip, deflate\r\n"
        b"Connection: keep-alive\r\nUser-Agent: python-httpx\r\n\r\n" % (target, host)
    )


class Connection(HTTP11Connection):
    """A connection of a pool for threads."""

    def __init__(self, origin: Any, stream: Any, keepalive_expiry: float | None = None) -> None:
        super().__init__(origin, stream, keepalive_expiry)
        self.host = str(origin).partition("://")[2].encode()

    def handle_request(self, request: httpcore.Request) -> httpcore.Response:
        with self._state_lock:
            if self._state not in (HTTPConnectionState.NEW, HTTPConnectionState.IDLE):
                raise httpcore.ConnectionNotAvailable
            self._state = HTTPConnectionState.ACTIVE
        self._network_stream.write(bytes_for(self.host, request.url.target))
        answer = Bytes()
        while not answer.whole(self._network_stream.read(MANY)):
            pass
        self._state = HTTPConnectionState.IDLE
        return httpcore.Response(answer.status, content=answer.body)


class AsyncConnection(AsyncHTTP11Connection):
    """A connection of a pool for coroutines."""

    def __init__(self, origin: Any, stream: Any, keepalive_expiry: float | None = None) -> None:
        super().__init__(origin, stream, keepalive_expiry)
        self.host = str(origin).partition("://")[2].encode()

    async def handle_async_request(self, request: httpcore.Request) -> httpcore.Response:
        async with self._state_lock:
            if self._state not in (AsyncState.NEW, AsyncState.IDLE):
                raise httpcore.ConnectionNotAvailable
            self._state = AsyncState.ACTIVE
        await self._network_stream.write(bytes_for(self.host, request.url.target))
        answer = Bytes()
        while not answer.whole(await self._network_stream.read(MANY)):
            pass
        self._state = AsyncState.IDLE
        return httpcore.Response(answer.status, content=answer.body)


class Client:
    """In place of ``httpx.Client``."""

    use: Callable[[], None]

    def __init__(self, *, limits: httpx.Limits = LIMITS, **_: Any) -> None:
        self.use()
        self.pool = httpcore.ConnectionPool(**vars(limits))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self.pool.close()

    def get(self, url: str) -> Answer:
        response = self.pool.handle_request(request_for(url))
        content = b"".join(response.stream)  # type: ignore[arg-type]  # of a pool for threads
        response.close()
        return Answer(response.status, content)


class AsyncClient:
    """In place of ``httpx.AsyncClient``."""

    use: Callable[[], None]

    def __init__(self, *, limits: httpx.Limits = LIMITS, **_: Any) -> None:
        self.use()
        self.pool = httpcore.AsyncConnectionPool(**vars(limits))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.pool.aclose()

    async def get(self, url: str) -> Answer:
        response = await self.pool.handle_async_request(request_for(url))
        parts = [part async for part in response.stream]  # type: ignore[union-attr]  # for coroutines
        await response.aclose()
        return Answer(response.status, b"".join(parts))


class Exchange(asyncio.Protocol):
    """A connection of ``ClientSession``."""

    answer: Bytes
    done: asyncio.Future[None]

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        if self.answer.whole(data) and not self.done.done():
            self.done.set_result(None)

    async def ask(self, host: bytes, target: bytes) -> Bytes:
        self.answer, self.done = Bytes(), asyncio.get_running_loop().create_future()
        self.transport.write(bytes_for(host, target))
        await self.done
        return self.answer


class ClientSession:
    """In place of ``aiohttp.ClientSession``."""

    use: Callable[[], None]

    def __init__(self, *, connector: Any, **_: Any) -> None:
        self.use()
        self.connector = connector
        self.connections: list[Exchange] = []
        self.idle: list[Exchange] = []

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        for each in self.connections:
            each.transport.close()
        await self.connector.close()

    def get(self, url: str) -> Response:
        return Response(self, url)


class Response:
    """Has what models ask of a response of aiohttp."""

    def __init__(self, session: ClientSession, url: str) -> None:
        self.session, self.url = session, url

    async def __aenter__(self) -> Self:
        url, session = urlsplit(self.url), self.session
        assert url.hostname is not None
        if session.idle:
            self.connection = session.idle.pop()
        else:
            loop = asyncio.get_running_loop()
            _, self.connection = await loop.create_connection(Exchange, url.hostname, url.port or 80)
            session.connections.append(self.connection)
        self.answer = await self.connection.ask(url.netloc.encode(), url.path.encode())
        self.status = self.answer.status
        return self

    async def __aexit__(self, *_: object) -> None:
        self.session.idle.append(self.connection)

    async def read(self) -> bytes:
        return self.answer.body


def install(patch: pytest.MonkeyPatch, use: Callable[[], None]) -> None:
    """Let models use these clients."""
    patch.setattr(sync_connection, "HTTP11Connection", Connection)
    patch.setattr(async_connection, "AsyncHTTP11Connection", AsyncConnection)
    own: dict[str, Any] = {"use": staticmethod(use)}
    patch.setattr(httpx, "Client", type("Client", (Client,), own))
    patch.setattr(httpx, "AsyncClient", type("AsyncClient", (AsyncClient,), own))
    try:
        import aiohttp
    except ImportError:
        return
    patch.setattr(aiohttp, "ClientSession", type("ClientSession", (ClientSession,), own))
