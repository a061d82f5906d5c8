"""The rows that both timers measure: rows of different kinds, and a plain coroutine."""

from __future__ import annotations

from dataclasses import dataclass

DELAY = 0.05
"""The delay of the flag server, in seconds, for both timers."""

WITHIN = 0.05
"""The largest distance of the ratio of a row's times from one at which the timers agree."""

IN_LOOP_WITHIN = 0.20
"""The same for a coroutine that does nothing: a call takes less time than a few clock readings, and the
loops of the two timers are compiled to different code."""


@dataclass(frozen=True)
class AgreementRow:
    """One benchmark; ``server`` is None where the workload talks to none."""

    workload: str
    model: str
    case: str
    server: str | None = None
    within: float = WITHIN

    @property
    def name(self) -> str:
        """The short name, such as ``flags[threaded-local-pop20]``."""
        return f"{self.workload}[{'-'.join(filter(None, [self.model, self.server, self.case]))}]"


IN_LOOP = AgreementRow("aio_benchmark", "empty", "coroutine", within=IN_LOOP_WITHIN)
"""The fixture ``aio_benchmark`` and pyperf's ``bench_async_func``, without a workload."""

ROWS = (
    # Threads that wait for another process.
    AgreementRow("flags", "threaded", "pop20", "local"),
    # Coroutines that compute more than they wait.
    AgreementRow("flags", "asyncio_gather", "pop20", "local"),
    # No other process: respx sleeps inside this one.
    AgreementRow("flags", "threaded", "pop20", "mock"),
    # CPU-bound, with rounds of milliseconds.
    AgreementRow("primes", "sequential", "below_50k"),
    # CPU-bound, in processes that a fork server starts.
    AgreementRow("primes", "multiprocess", "large"),
    # Threads that sleep.
    AgreementRow("naps", "threaded", "tasks_5_longest_first"),
    # Threads that an event loop waits for, beside a task that wakes every millisecond.
    AgreementRow("bridges", "asyncio_to_thread", "waiting"),
    # CPU-bound in C, in threads that release the GIL, with large answers.
    AgreementRow("digests", "threaded", "buffers_2m"),
    IN_LOOP,
)
