"""The rows that two timers are to agree on: of different kinds, and a coroutine by itself."""

from __future__ import annotations

from dataclasses import dataclass

DELAY = 0.05
"""Seconds that a flag server waits, whoever takes the time."""


WITHIN = 0.05
"""How far the ratio of a row's times may be from one."""

IN_LOOP_WITHIN = 0.20
"""Of a coroutine that does nothing: it takes less than a few readings of the clock, and the two loops
around it are compiled to different code."""


@dataclass(frozen=True)
class Row:
    """One benchmark; ``server`` is None where the workload talks to none."""

    workload: str
    model: str
    case: str
    server: str | None = None
    within: float = WITHIN

    @property
    def name(self) -> str:
        """As in ``flags[threaded-local-pop20]``."""
        return f"{self.workload}[{'-'.join(filter(None, [self.model, self.server, self.case]))}]"


IN_LOOP = Row("aio_benchmark", "empty", "coroutine", within=IN_LOOP_WITHIN)
"""No workload's: the fixture itself, and pyperf's ``bench_async_func``."""

ROWS = (
    # It waits, in threads, for another process.
    Row("flags", "threaded", "pop20", "local"),
    # It waits in coroutines, and computes more than it waits.
    Row("flags", "asyncio_gather", "pop20", "local"),
    # It waits for nobody: respx sleeps inside the process.
    Row("flags", "threaded", "pop20", "mock"),
    # It computes, in rounds of milliseconds.
    Row("primes", "sequential", "below_50k"),
    # It computes in processes that a fork server starts.
    Row("primes", "multiprocess", "large"),
    # It waits in threads, for the clock alone.
    Row("naps", "threaded", "tasks_5_longest_first"),
    # It waits in threads that an event loop waits for, beside a task that wakes every millisecond.
    Row("bridges", "asyncio_to_thread", "waiting"),
    # It computes in C, in threads that give up the interpreter lock, with large answers.
    Row("digests", "threaded", "buffers_2m"),
    IN_LOOP,
)
