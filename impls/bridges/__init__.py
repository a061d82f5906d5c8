"""How long does an event loop stand still when a coroutine has blocking calls to make?

Blocking calls from a coroutine: what becomes of the event loop meanwhile.

The unit of work is one call that blocks: it either waits, as a library does that knows no event loop,
or computes in pure Python. Whoever makes the calls shares the loop with a heart that is to beat every
millisecond or so; the longest time between two beats is how long the loop stood still.
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

PULSE = 0.001
"""Seconds from a beat to the next, in a loop that serves at once: what no model can get below."""

WAIT = 0.01
"""Seconds that a call waits."""

CALLS = 20

METRICS = {"stood_still": ("s", "lower"), "throughput": ("1/s", "higher")}


@dataclass(frozen=True)
class Case:
    """So many calls of one kind, so many of them in flight (None: one for each usable core)."""

    call: Callable[[int], int]
    numbers: tuple[int, ...]
    workers: int | None
    scale: float = 1.0

    @property
    def items(self) -> int:
        return len(self.numbers)


@traced("number")
def wait(number: int) -> int:
    """Block for as long as a library may that asks somebody else, and answer with the number."""
    time.sleep(WAIT)
    return number


@traced("number")
def compute(number: int) -> int:
    """Block by computing: the sum of all squares below the number, in pure Python."""
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
    """The call to make with each of the numbers; an even count of them, for some make two in a row."""

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
    """What the calls returned, in the order of the numbers, and when the heart beat meanwhile.

    The first of the ``beats`` is the begin of the work and the last its end, in seconds of
    ``time.perf_counter``.
    """

    results: list[int]
    beats: list[float]


class Heart:
    """Beats in an event loop for as long as there is work, the same for every model.

    ``async with Heart() as heart`` is all of it on asyncio's loop. On another one ``beat`` is a task,
    to be cancelled when the work is done, and ``stop`` is called then.
    """

    def __init__(self) -> None:
        self.beats = [time.perf_counter()]

    async def beat(self, sleep: Callable[[float], Awaitable[object]]) -> None:
        """Beat until cancelled, with the ``sleep`` of the loop that this runs in."""
        while True:
            await sleep(PULSE)
            self.beats.append(time.perf_counter())

    def stop(self) -> None:
        """The work is done: that is the last beat."""
        self.beats.append(time.perf_counter())

    async def __aenter__(self) -> Heart:
        import asyncio  # not at the top: a worker that starts afresh would pay for it

        self._beating = asyncio.create_task(self.beat(asyncio.sleep))
        await asyncio.sleep(0)  # it lives before there is work
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
    """What the calls must return."""
    if job.call is compute:
        return [(number - 1) * number * (2 * number - 1) // 6 for number in job.numbers]
    return list(job.numbers)


def check(job: Job, answers: object) -> None:
    """Every call returned what it must, and a heart beat from begin to end.

    Raises:
        AssertionError: naming the first call that is wrong, or what is wrong with the beats.
    """
    assert isinstance(answers, Served), f"expected what was served, got {type(answers).__name__}"
    right, got = expected(job), answers.results
    assert len(got) == len(right), f"expected {len(right)} results, got {len(got)}"
    for number, one, other in zip(job.numbers, right, got, strict=True):
        assert one == other, f"call with {number}: expected {one}, got {other}"
    check_beats(answers.beats)


def check_beats(beats: list[float]) -> None:
    """There are a begin and an end, and time went on between beats.

    Raises:
        AssertionError: saying which of it is not so.
    """
    assert len(beats) > 1, f"expected begin and end of the work at least, got {len(beats)} beats"
    assert beats == sorted(beats), "the beats are in no order of time"
    assert stood_still(beats) > 0, "between the beats no time went by"


def metrics(job: Job, answers: Served, seconds: float) -> dict[str, float]:
    """How long the loop stood still, and how many calls a second were done."""
    return {"stood_still": stood_still(answers.beats), "throughput": len(job.numbers) / seconds}
