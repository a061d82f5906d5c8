"""The rows that two timers are to agree on: six of different kinds."""

from __future__ import annotations

from dataclasses import dataclass

DELAY = 0.05
"""Seconds that a flag server waits, whoever takes the time."""


@dataclass(frozen=True)
class Row:
    """One benchmark; ``server`` is None where the workload talks to none."""

    workload: str
    model: str
    case: str
    server: str | None = None

    @property
    def name(self) -> str:
        """As in ``flags[threaded-local-pop20]``."""
        return f"{self.workload}[{'-'.join(filter(None, [self.model, self.server, self.case]))}]"


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
    # It computes in C, in threads that give up the interpreter lock, with large answers.
    Row("digests", "threaded", "buffers_2m"),
)
