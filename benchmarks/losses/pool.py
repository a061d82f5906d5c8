"""Pools of httpcore that keep idle connections on a stack, and look at no others.

They keep as many connections as the pool of httpcore does, but do not bound how many there are: the
models bound the requests in flight.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import httpcore
import pytest


class Stack(httpcore.ConnectionPool):
    """A pool for threads."""

    use: Callable[[], None]

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.idle: list[Any] = []

    def handle_request(self, request: httpcore.Request) -> httpcore.Response:
        self.use()
        try:
            connection = self.idle.pop()
        except IndexError:
            connection = self.create_connection(request.url.origin)
            self._connections.append(connection)
        response = connection.handle_request(request)
        return httpcore.Response(
            response.status, headers=response.headers, extensions=response.extensions,
            content=Body(response.stream, self, connection),
        )  # fmt: skip

    def take_back(self, connection: Any) -> None:
        if len(self._connections) > self._max_keepalive_connections:
            self._connections.remove(connection)
            connection.close()
        else:
            self.idle.append(connection)


class Body:
    """The body of a response, which returns the connection."""

    def __init__(self, stream: Any, pool: Stack, connection: Any) -> None:
        self.stream, self.pool, self.connection = stream, pool, connection

    def __iter__(self) -> Iterator[bytes]:
        yield from self.stream

    def close(self) -> None:
        self.stream.close()
        self.pool.take_back(self.connection)


class AsyncStack(httpcore.AsyncConnectionPool):
    """A pool for coroutines."""

    use: Callable[[], None]

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.idle: list[Any] = []

    async def handle_async_request(self, request: httpcore.Request) -> httpcore.Response:
        self.use()
        if self.idle:
            connection = self.idle.pop()
        else:
            connection = self.create_connection(request.url.origin)
            self._connections.append(connection)
        response = await connection.handle_async_request(request)
        return httpcore.Response(
            response.status, headers=response.headers, extensions=response.extensions,
            content=AsyncBody(response.stream, self, connection),
        )  # fmt: skip

    async def take_back(self, connection: Any) -> None:
        if len(self._connections) > self._max_keepalive_connections:
            self._connections.remove(connection)
            await connection.aclose()
        else:
            self.idle.append(connection)


class AsyncBody:
    """The body of a response, which returns the connection."""

    def __init__(self, stream: Any, pool: AsyncStack, connection: Any) -> None:
        self.stream, self.pool, self.connection = stream, pool, connection

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for part in self.stream:
            yield part

    async def aclose(self) -> None:
        await self.stream.aclose()
        await self.pool.take_back(self.connection)


def install(patch: pytest.MonkeyPatch, use: Callable[[], None]) -> None:
    """Let the clients of httpx use these pools."""
    for name, kind in {"ConnectionPool": Stack, "AsyncConnectionPool": AsyncStack}.items():
        patch.setattr(httpcore, name, type(name, (kind,), {"use": staticmethod(use)}))
