"""The rows that both timers measure, and the pairs of observations: one by each timer, which take turns
in coming first."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from concurbench.errors import ConcurbenchError
from concurbench.results import records

KIND = "pyperf agreement"

DELAY = 0.05
"""The delay of the flag server, in seconds, for both timers."""

WITHIN = 0.05
"""The largest distance of the ratio of a row's times from one at which the timers agree."""

IN_LOOP_WITHIN = 0.20
"""The same for a coroutine that does nothing: a call takes less time than a few clock readings, and the
loops of the two timers are compiled to different code."""


@dataclass(frozen=True)
class AgreementRow:
    """One benchmark; ``server`` is None if the workload has no server."""

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


@dataclass(frozen=True)
class Observed:
    """The measurement of a row in a fresh process of concurbench: the seconds of each timed round."""

    seconds: tuple[float, ...]
    workers: int


@dataclass(frozen=True)
class Pair:
    """The times of a row by both timers, one right after the other: seconds of each round."""

    row: str
    first: str
    """The timer that came first."""
    concurbench: tuple[float, ...]
    pyperf: tuple[float, ...]

    @property
    def medians(self) -> tuple[float, float]:
        """Concurbench's and pyperf's median, over the same number of rounds."""
        rounds = min(len(self.concurbench), len(self.pyperf))
        return statistics.median(self.concurbench[:rounds]), statistics.median(self.pyperf[:rounds])


@dataclass(frozen=True)
class Agreement:
    """All pairs that were measured."""

    machine: Mapping[str, Any]
    pairs: Mapping[str, Sequence[Pair]]
    """AgreementRow -> its pairs, in order."""


def read(path: Path) -> Agreement:
    """The pairs in this file.

    Raises:
        ConcurbenchError: the file cannot be read, or has no pairs.
    """
    header, entries = records.read(path, KIND)
    found: dict[str, list[Pair]] = {}
    try:
        for entry in entries:
            times = (tuple(map(float, entry[timer])) for timer in ("concurbench", "pyperf"))
            found.setdefault(entry["row"], []).append(Pair(entry["row"], entry["first"], *times))
    except (LookupError, TypeError, ValueError) as error:
        raise ConcurbenchError(f"{path} has a pair that cannot be read: {error!r}") from None
    if missing := [row for row in header.get("rows", ()) if row not in found]:
        raise ConcurbenchError(f"{path} has no pairs of {', '.join(missing)}: continue it with --more")
    return Agreement(header["machine"], found)


def take(
    rows: Sequence[AgreementRow],
    number: int,
    concurbench: Callable[[AgreementRow], Observed],
    pyperf: Callable[[AgreementRow, Observed], tuple[float, ...]],
) -> Iterator[Pair]:
    """This many pairs of each row. Every row gets a pair before any row gets its next one, so that a
    slow minute affects all rows. ``pyperf`` gets concurbench's last observation, to do as much work."""
    last: dict[AgreementRow, Observed] = {}
    for turn in range(number):
        first = "pyperf" if turn % 2 else "concurbench"
        for row in rows:
            if first == "concurbench":
                last[row] = concurbench(row)
            seconds = pyperf(row, last[row])
            if first == "pyperf":
                last[row] = concurbench(row)
            yield Pair(row.name, first, last[row].seconds, seconds)
