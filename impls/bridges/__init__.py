"""How long does an event loop stand still when a coroutine has blocking calls to make?

Coroutines make blocking calls while another task needs the event loop.

The unit of work is one blocking call. It either waits, like a library without support for event loops,
or it computes in pure Python. A second task in the same loop, the heart, should beat about once a
millisecond. The longest time between two beats is the time for which the loop stood still.
"""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from types import TracebackType
from typing import NamedTuple

from impls import Resources
from impls._traced import traced

QUESTION = "How long does an event loop stand still when a coroutine has blocking calls to make?"
OVERVIEW = {"waiting": "calls that block a loop", "computing": "calls that compute"}
WORDS = {"stood_still": "the loop stands still"}
SURPRISES = (
    ("blocking", "asyncio_to_thread", "stood_still", 10.0, "a blocking call stops all other tasks"),
)

PULSE = 0.001
"""Seconds between two beats in an idle loop; no model can stand still for less."""

WAIT = 0.01
"""Seconds that a call of ``wait`` takes."""

CALLS = 20

METRICS = {"stood_still": ("s", "lower"), "throughput": ("1/s", "higher")}

BOUND = 10 * PULSE
"""Seconds for which the loop may stand still: a server's other clients would notice more."""


@dataclass(frozen=True)
class Case:
    """A size of the work: which call, its numbers, and how many calls in flight (None: one for each
    usable core)."""

    call: Callable[[int], int]
    numbers: tuple[int, ...]
    workers: int | None
    scale: float = 1.0

    @property
    def items(self) -> int:
        return len(self.numbers)


@traced("number")
def wait(number: int) -> int:
    """Block for ``WAIT`` seconds, as a library does that waits for a server, and return the number."""
    time.sleep(WAIT)
    return number


@traced("number")
def compute(number: int) -> int:
    """Block by computing the sum of the squares of all integers below the number, in pure Python."""
    total = 0
    for each in range(number):
        total += each * each
    return total


CASES = {
    "waiting": Case(wait, tuple(range(CALLS)), workers=10),
    "computing": Case(compute, tuple(range(100_000, 100_000 + CALLS)), workers=None),
}


@dataclass(frozen=True)
class Job:
    """A call for each number. Their count is even, because some models make two calls in a row."""

    call: Callable[[int], int]
    numbers: tuple[int, ...]


def job(case: Case, resources: Resources) -> Job:
    """The calls of a case; they need no resources."""
    return Job(case.call, case.numbers)


def waiting(case: Case, workers: int) -> float | None:
    """The shortest possible waiting time in seconds: ``WAIT`` per wave of ``workers`` calls. None if
    the calls compute."""
    return math.ceil(case.items / workers) * WAIT if case.call is wait else None


class Served(NamedTuple):
    """The results of the calls, in the order of the numbers, and the times of the beats meanwhile.

    ``beats`` are seconds of ``time.perf_counter``, from the start of the work to its end.
    """

    results: list[int]
    beats: list[float]


class Heart:
    """Beats in an event loop until the work is done; all models use it.

    On asyncio's loop use ``async with Heart() as heart``. On another loop, run ``beat`` as a task; when
    the work is done, call ``stop`` and cancel the task.
    """

    def __init__(self) -> None:
        self.beats = [time.perf_counter()]

    async def beat(self, sleep: Callable[[float], Awaitable[object]]) -> None:
        """Beat until cancelled; ``sleep`` is the loop's own coroutine function for sleeping."""
        while True:
            await sleep(PULSE)
            self.beats.append(time.perf_counter())

    def stop(self) -> None:
        """Record the end of the work as the last beat."""
        self.beats.append(time.perf_counter())

    async def __aenter__(self) -> Heart:
        import asyncio  # not at the top: new worker processes would import it inside a timed round

        self._beating = asyncio.create_task(self.beat(asyncio.sleep))
        await asyncio.sleep(0)  # let it start before the work does
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()
        self._beating.cancel()


def stood_still(beats: list[float]) -> float:
    """The longest time between two beats, in seconds."""
    return max(after - before for before, after in itertools.pairwise(beats))


def expected(job: Job) -> list[int]:
    """The correct result of each call."""
    if job.call is compute:
        return [(number - 1) * number * (2 * number - 1) // 6 for number in job.numbers]
    return list(job.numbers)


def check(job: Job, answers: object) -> None:
    """Check that every result is right, and that the beats cover the work from start to end.

    Raises:
        AssertionError: the message names the first wrong result, or the error in the beats.
    """
    assert isinstance(answers, Served), f"expected Served, got {type(answers).__name__}"
    right, got = expected(job), answers.results
    assert len(got) == len(right), f"expected {len(right)} results, got {len(got)}"
    for number, one, other in zip(job.numbers, right, got, strict=True):
        assert one == other, f"call with {number}: expected {one}, got {other}"
    check_beats(answers.beats)


def check_beats(beats: list[float]) -> None:
    """Check that there are at least two beats, in order of time, and that not all are the same.

    Raises:
        AssertionError: one of this is not so; the message names it.
    """
    assert len(beats) > 1, f"expected at least the start and end of the work, got {len(beats)} beats"
    assert beats == sorted(beats), "the beats are not in order of time"
    assert stood_still(beats) > 0, "all beats have the same time"


def metrics(job: Job, answers: Served, seconds: float) -> dict[str, float]:
    """The longest time for which the loop stood still, in seconds, and the calls per second."""
    return {"stood_still": stood_still(answers.beats), "throughput": len(job.numbers) / seconds}
