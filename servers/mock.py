"""A flag server that is not there: respx answers inside the process that asks.

It waits as long as the real one, without a socket. What is left of the time is the model and the
HTTP client's own work, less the client's connection pool: respx takes the pool's place, so only the
model itself bounds what is in flight.

A mocked server sees only its own process. So every process appends each request's first and last
instant to one file, the ledger, and the counts are made from that: ``time.perf_counter`` is one clock
for the whole machine, and a short append to a file is atomic.
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
"""A request in the ledger: when it came and when it was answered, nanoseconds."""


@dataclass(frozen=True)
class Mock:
    """Serves ``directory``, each file after ``delay`` seconds, and notes it in the file ``ledger``."""

    directory: Path
    delay: float
    ledger: Path

    name: ClassVar[str] = "mock"
    # A name that no resolver knows (RFC 6761): whatever escapes the mock reaches no network.
    host: ClassVar[str] = "flags.invalid"
    capacity: ClassVar[None] = None

    @property
    def url(self) -> str:
        return f"http://{self.host}"

    @property
    def initializer(self) -> Callable[[], None]:
        return self.install

    def install(self) -> None:
        """From now on, in this process, httpx gets its answers here.

        A request for anything else is an AssertionError, never a connection. Does nothing where it
        is installed already, as in a forked child.
        """
        if _Router.current is None or _Router.current.mock != self:
            self.uninstall()
            _Router.current = _Router(self)
            _Router.current.start()

    def uninstall(self) -> None:
        """httpx is itself again, in this process."""
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
    """How many of these intervals overlap at most; one that ends as another starts does not."""
    changes = sorted(change for start, end in intervals for change in ((start, 1), (end, -1)))
    peak = now = 0
    for _, change in changes:
        now += change
        peak = max(peak, now)
    return peak


class _Router(respx.MockRouter):
    """respx calls ``handler`` for blocking clients and ``async_handler`` for the others: here is
    where each waits in its own way, whatever event loop it runs on."""

    current: ClassVar[_Router | None] = None

    def __init__(self, mock: Mock) -> None:
        super().__init__(assert_all_called=False, assert_all_mocked=True)
        self.mock = mock
        self.read = functools.cache(functools.partial(_read, mock.directory))
        # Opened here, in each process for itself; append mode makes each write one whole record.
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
        """Keep no copy of each request and response: the ledger counts, and memory stays flat."""

    def close(self) -> None:
        self.stop()
        os.close(self.ledger)


def _read(directory: Path, path: str) -> bytes | None:
    file = directory / path
    return file.read_bytes() if ".." not in file.parts and file.is_file() else None
