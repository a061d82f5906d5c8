"""A mock flag server: respx answers inside the client's process.

It waits as long as the real server, without a socket. The rest of the time is the work of the model and
of the HTTP client, without the client's connection pool: respx replaces the pool, so only the model
bounds the requests in flight.

A mock sees only the requests of its own process. So every process appends the start and the end of each
request to one file, the ledger, and the counts come from that file. ``time.perf_counter`` is the same
clock in all processes of a machine, and a short append to a file is atomic.
"""

from __future__ import annotations

import functools
import os
import struct
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import anyio
import httpx
import respx

from servers import Seen

RECORD = struct.Struct("=qq")
"""A request in the ledger: its start and end, in nanoseconds."""


@dataclass(frozen=True)
class Mock:
    """Serves ``directory``, each file after ``delay`` seconds; records requests in ``ledger``."""

    directory: Path
    delay: float
    ledger: Path

    name: ClassVar[str] = "mock"
    # A reserved name (RFC 6761): a request that escapes the mock reaches no network.
    host: ClassVar[str] = "flags.invalid"
    capacity: ClassVar[None] = None
    authority: ClassVar[None] = None
    connect_delay: ClassVar[float] = 0.0  # it has no connections

    @property
    def url(self) -> str:
        return f"http://{self.host}"

    @property
    def initializer(self) -> Callable[[], None]:
        return self.install

    def install(self) -> None:
        """Answer all of this process's httpx requests from now on.

        A request to another host raises AssertionError and opens no connection. Does nothing if the
        mock is already installed, as in a forked child.
        """
        if _Router.current is None or _Router.current.mock != self:
            self.uninstall()
            _Router.current = _Router(self)
            _Router.current.start()

    def uninstall(self) -> None:
        """Restore httpx in this process."""
        if _Router.current is not None:
            _Router.current.close()
            _Router.current = None

    def __enter__(self) -> Mock:
        self.install()
        return self

    def __exit__(self, *_: object) -> None:
        self.uninstall()

    def reset(self) -> None:
        self.ledger.write_bytes(b"")

    def seen(self) -> Seen:
        requests = list(RECORD.iter_unpack(self.ledger.read_bytes()))
        return Seen(served=len(requests), peak=most_at_once(requests))


def most_at_once(intervals: Iterable[tuple[int, int]]) -> int:
    """The most intervals that overlap; one that ends when another starts does not overlap it."""
    changes = sorted(change for start, end in intervals for change in ((start, 1), (end, -1)))
    peak = now = 0
    for _, change in changes:
        now += change
        peak = max(peak, now)
    return peak


class _Router(respx.MockRouter):
    """respx calls ``handler`` for blocking clients and ``async_handler`` for asynchronous ones. Each
    waits the delay in its own way; anyio works in any event loop."""

    current: ClassVar[_Router | None] = None

    def __init__(self, mock: Mock) -> None:
        super().__init__(assert_all_called=False, assert_all_mocked=True)
        self.mock = mock
        self.read = functools.cache(functools.partial(_read, mock.directory))
        # Each process opens the ledger itself; in append mode each write adds one complete record.
        self.ledger = os.open(mock.ledger, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        self.route(method="GET", host=mock.host).mock(side_effect=self.answer)

    def handler(self, request: httpx.Request) -> httpx.Response:
        start = time.perf_counter_ns()
        response = super().handler(request)
        time.sleep(self.mock.delay)
        self.note(start, response)
        return response

    async def async_handler(self, request: httpx.Request) -> httpx.Response:
        start = time.perf_counter_ns()
        response = await super().async_handler(request)
        await anyio.sleep(self.mock.delay)
        self.note(start, response)
        return response

    def answer(self, request: httpx.Request) -> httpx.Response:
        body = self.read(request.url.path.lstrip("/"))
        if body is None:
            return httpx.Response(httpx.codes.NOT_FOUND)
        return httpx.Response(httpx.codes.OK, content=body)

    def note(self, start: int, response: httpx.Response) -> None:
        if response.status_code == httpx.codes.OK:
            os.write(self.ledger, RECORD.pack(start, time.perf_counter_ns()))

    def record(self, *args: object, **kwargs: object) -> None:
        """Do not keep requests and responses as respx does: the ledger has the counts."""

    def close(self) -> None:
        self.stop()
        os.close(self.ledger)


def _read(directory: Path, path: str) -> bytes | None:
    file = directory / path
    return file.read_bytes() if ".." not in file.parts and file.is_file() else None
