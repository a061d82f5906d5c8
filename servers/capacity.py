"""Measures how many requests a second a flag server can answer: the limit for every client."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

import httpx

from servers.local import Local

CONNECTIONS = 50
REQUESTS = 10_000
BURST, BURSTS = 2_000, 3
MOCKED_REQUESTS = 2_000


def of_local(server: Local, path: str, requests: int = REQUESTS) -> float:
    """The requests a second that a local server answers for one file of its folder.

    The client only sends a prepared request after each complete answer, on ``CONNECTIONS`` connections
    at once, which it keeps, so the server is the bottleneck.
    """
    return asyncio.run(_hammer(server, path, requests))


def highest(server: Local) -> float:
    """The highest rate, in requests a second, of a few short bursts. It becomes part of the best
    possible time, so a momentary slow-down of the server must not count."""
    path = median_image(server.directory)
    return max(of_local(server, path, BURST) for _ in range(BURSTS))


def median_image(site: Path) -> str:
    """The path of the image of median size in a folder of flags."""
    images = sorted(site.glob("*/*.gif"), key=lambda image: image.stat().st_size)
    return images[len(images) // 2].relative_to(site).as_posix()


def of_mock(url: str) -> dict[str, float]:
    """Kind of httpx client -> requests a second to a mock in the same process."""
    return {
        "httpx.Client, one after the other": _rate(lambda: _one_by_one(url)),
        f"httpx.AsyncClient, {CONNECTIONS} in flight": _rate(lambda: asyncio.run(_gathered(url))),
    }


def _rate(send_all: Callable[[], None]) -> float:
    start = time.perf_counter()
    send_all()
    return MOCKED_REQUESTS / (time.perf_counter() - start)


def _one_by_one(url: str) -> None:
    with httpx.Client() as client:
        for _ in range(MOCKED_REQUESTS):
            client.get(url).raise_for_status()


async def _gathered(url: str) -> None:
    async with httpx.AsyncClient() as client:

        async def one_after_the_other() -> None:
            for _ in range(MOCKED_REQUESTS // CONNECTIONS):
                (await client.get(url)).raise_for_status()

        await asyncio.gather(*(one_after_the_other() for _ in range(CONNECTIONS)))


class _Connection(asyncio.Protocol):
    """Sends the next request after each complete answer, until the ``budget`` of requests is spent."""

    def __init__(self, request: bytes, size: int, budget: list[int]) -> None:
        self.request = request
        self.size = size
        self.budget = budget
        self.done = asyncio.get_running_loop().create_future()
        self.received = 0
        self.expected: int | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.ask()

    def ask(self) -> None:
        if self.budget[0]:
            self.budget[0] -= 1
            self.transport.write(self.request)
        else:
            self.transport.close()
            self.done.set_result(None)

    def data_received(self, data: bytes) -> None:
        if self.expected is None:  # every answer has headers of the same length
            self.expected = data.index(b"\r\n\r\n") + 4 + self.size
        self.received += len(data)
        if self.received == self.expected:
            self.received = 0
            self.ask()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(exc or ConnectionError("the server closed the connection"))


async def _hammer(server: Local, path: str, requests: int) -> float:
    request = f"GET /{path} HTTP/1.1\r\nHost: {server.host}\r\n\r\n".encode()
    size = (server.directory / path).stat().st_size
    budget = [requests]
    loop = asyncio.get_running_loop()
    start = time.perf_counter()
    connections = [
        await loop.create_connection(
            lambda: _Connection(request, size, budget), server.host, server.port, ssl=server.tls
        )
        for _ in range(CONNECTIONS)
    ]
    await asyncio.gather(*(connection.done for _, connection in connections))
    return requests / (time.perf_counter() - start)
