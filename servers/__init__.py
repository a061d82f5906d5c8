"""What the models talk to: servers of a folder of files, that wait before each answer.

``mock``   answers inside the client's own process, through respx: no sockets, no second process
``local``  a real HTTP server in a process of its own, on the loopback interface

Both serve the same folder with the same delay, and both are suspects: each counts what it served and
how much was in flight at once, for the benchmark to ask after every round.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

NAMES = ("mock", "local")
"""Both servers, as rows and options call them."""

LOOPBACK = "127.0.0.1"

BASE_PYTHON = "CONCURBENCH_BASE_PYTHON"
"""The variable that names the interpreter for what must be the same whatever is measured."""

PYTHON = os.environ.get(BASE_PYTHON) or sys.executable
"""The interpreter that real servers run under, unless they are told another."""


@dataclass(frozen=True)
class Seen:
    """What a server saw since it was last reset.

    ``served`` counts requests for files that exist, ``peak`` how many were in flight at once;
    ``cpu_seconds`` is the server's own CPU time, None for a server that has no process of its own.
    """

    served: int
    peak: int
    cpu_seconds: float | None = None

    def expect(self, *, served: int, peak: int) -> None:
        """Check that the server served so many requests, and at most ``peak`` of them at once.

        Raises:
            AssertionError: with the number that differs.
        """
        assert self.served == served, f"the server served {self.served} requests, expected {served}"
        assert self.peak <= peak, f"the server had {self.peak} requests in flight, the bound is {peak}"


class Server(Protocol):
    """What every server offers to the benchmarks."""

    @property
    def name(self) -> str:
        """One word: what rows call it."""

    @property
    def url(self) -> str:
        """Where its files are, without a slash at the end."""

    @property
    def delay(self) -> float:
        """How long it waits before each answer, seconds."""

    @property
    def capacity(self) -> float | None:
        """How many requests a second it can answer at most, as measured; None where it has no process
        of its own: there the client's own CPU is all that bounds it, and is no excuse."""

    @property
    def initializer(self) -> Callable[[], None] | None:
        """To be called once in every process that sends requests, or None; it can be pickled."""

    def reset(self) -> None:
        """Forget what was seen."""

    def seen(self) -> Seen:
        """What was seen since the last reset."""
