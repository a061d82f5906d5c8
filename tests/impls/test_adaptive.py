"""The model of flags whose number of requests in flight adapts to the server."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextvars import ContextVar
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from impls import flags
from impls.flags import Outcome

adaptive = pytest.importorskip("impls.flags.asyncio_adaptive")

CODES = tuple(f"{number:03}" for number in range(400))
WORKERS = 50


class Server:
    """A client session to a server that answers ``capacity`` requests in each unit of time, and the
    time of the task that asks."""

    def __init__(self, capacity: int) -> None:
        self.capacity, self.in_flight = capacity, 0
        self.seen: list[int] = []
        self.time: ContextVar[float] = ContextVar("time", default=0.0)

    @contextlib.asynccontextmanager
    async def get(self, url: str) -> AsyncIterator[Any]:
        self.in_flight += 1
        self.seen.append(self.in_flight)
        self.time.set(self.time.get() + max(1.0, self.in_flight / self.capacity))
        for _ in range(3):
            await asyncio.sleep(0)
        self.in_flight -= 1
        yield SimpleNamespace(status=200, read=lambda: asyncio.sleep(0, b""))


def in_flight(capacity: int, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many requests are in flight when each is sent."""
    server = Server(capacity)
    session = contextlib.nullcontext(server)
    monkeypatch.setattr(adaptive.aiohttp, "TCPConnector", lambda ssl: None)
    monkeypatch.setattr(adaptive.aiohttp, "ClientSession", lambda **_: session)
    monkeypatch.setattr(adaptive, "perf_counter", lambda: server.time.get())
    monkeypatch.setattr(adaptive, "keep", lambda *_: Outcome("ok"))
    adaptive.run(flags.Job(CODES, "http://server", Path()), workers=WORKERS)
    assert len(server.seen) == len(CODES)
    return server.seen


def test_it_sends_as_many_requests_at_once_as_it_may_to_a_server_that_stays_fast(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert max(in_flight(1000, monkeypatch)) == WORKERS


@pytest.mark.parametrize("capacity", [5, 10])
def test_it_sends_few_requests_at_once_to_a_server_that_gets_slow(
    capacity: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    later = in_flight(capacity, monkeypatch)[len(CODES) // 2 :]
    # Beyond its capacity answers get slower, and twice as many take twice the time.
    assert capacity <= max(later) < 3 * capacity
