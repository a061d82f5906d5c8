"""What does it cost to acquire and release a semaphore, alone and when others want it too?

Bound the units in flight with a semaphore, and release it once too often.

The unit of work is one pair: acquire the semaphore, release it. At the end, each model releases it once
more than it acquired it. A bounded semaphore refuses the extra release; a plain one raises its bound by
one.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from multiprocessing.context import BaseContext
from types import SimpleNamespace
from typing import Any, NamedTuple

from impls import Resources
from impls._traced import traced

QUESTION = "What does it cost to acquire and release a semaphore, alone and when others want it too?"
COST_QUESTION = True
OVERVIEW = {
    "uncontended": "a semaphore costs",
    "contended": "a semaphore that others want costs",
}
FINDING = (
    ("acquire_release",),
    {"asyncio_semaphore": "asyncio", "trio_semaphore": "trio", "threading_semaphore": "threading"},
)

METRICS = {"acquire_release": ("s", "lower")}


@dataclass(frozen=True)
class Case:
    """A size of the work: how many units, and pairs of each unit; ``workers`` is the bound."""

    units: int
    pairs: int
    moment: float | None
    workers: int = 2
    scale: float = 1.0

    @property
    def items(self) -> int:
        return self.units * self.pairs


CASES = {
    "uncontended": Case(units=1, pairs=10_000, moment=None),
    "contended": Case(units=5, pairs=2_000, moment=0.0, scale=10.0),
}


@dataclass(frozen=True)
class Job:
    """Units that each acquire and release ``pairs`` times, with at most ``bound`` of them in flight.

    A unit in flight sleeps for ``moment`` seconds, and is counted. With 0 it only lets the other units
    run. With None it neither sleeps nor is counted.
    """

    units: int
    pairs: int
    bound: int
    moment: float | None


def job(case: Case, resources: Resources) -> Job:
    """The units of a case; ``workers`` is the semaphore's bound."""
    return Job(case.units, case.pairs, resources.workers or case.workers, case.moment)


class Span(NamedTuple):
    """The time from when all units were up until one had done its pairs: seconds of
    ``time.monotonic``."""

    begin: float
    end: float


class Throttled(NamedTuple):
    """When each unit was busy, and how the semaphore reacted to the extra release.

    ``most`` is the peak in flight, 0 if units were not counted. ``bounded`` is whether the semaphore is
    a bounded one. ``refused`` names the error of the extra release; None if the semaphore accepted it.
    ``room`` is how many units could acquire it at once after that.
    """

    spans: list[Span]
    most: int
    bounded: bool
    refused: str | None
    room: int


class Flight:
    """Counts the units in flight and their peak; all models use it."""

    def __init__(
        self,
        lock: AbstractContextManager[Any] | None = None,
        now: Any = None,
        most: Any = None,
    ) -> None:
        # Compare with None: a shared value may be falsy.
        self._lock = threading.Lock() if lock is None else lock
        self._now = SimpleNamespace(value=0) if now is None else now
        self._most = SimpleNamespace(value=0) if most is None else most

    @classmethod
    def of_processes(cls, context: BaseContext) -> Flight:
        """One that counts in all processes that get it at their start."""
        return cls(context.Lock(), context.RawValue("i"), context.RawValue("i"))

    @property
    def most(self) -> int:
        return int(self._most.value)

    @traced()
    def __enter__(self) -> None:
        with self._lock:
            self._now.value += 1
            self._most.value = max(self._most.value, self._now.value)

    @traced()
    def __exit__(self, *error: object) -> None:
        with self._lock:
            self._now.value -= 1


def refused(release: Callable[[], object]) -> str | None:
    """The name of the error that an extra release raises; None if the semaphore accepts it."""
    try:
        release()
    except (ValueError, RuntimeError) as error:
        return type(error).__name__
    return None


def check(job: Job, answers: object) -> None:
    """Check that every unit ran within the bound, and that the extra release had its consequence.

    Raises:
        AssertionError: the message names what is wrong with the units, or with the semaphore.
    """
    assert isinstance(answers, Throttled), f"expected Throttled, got {type(answers).__name__}"
    assert len(answers.spans) == job.units, f"expected {job.units} units, got {len(answers.spans)}"
    for unit, span in enumerate(answers.spans):
        assert span.begin < span.end, f"unit {unit}: ended before it began"
    if job.moment is None:
        assert answers.most == 0, f"expected no count of units in flight, got {answers.most}"
    else:
        assert answers.most > 0, "no unit was counted in flight"
    assert answers.most <= job.bound, f"{answers.most} units in flight, the bound is {job.bound}"
    if answers.bounded:
        assert answers.refused is not None, "a bounded semaphore accepted an extra release"
        assert answers.room == job.bound, f"room for {answers.room}, the bound is {job.bound}"
    else:
        assert answers.refused is None, f"a plain semaphore refused a release: {answers.refused}"
        grown = job.bound + 1
        assert answers.room == grown, (
            f"room for {answers.room}, expected {grown} after an extra release"
        )


def metrics(job: Job, answers: Throttled, seconds: float) -> dict[str, float]:
    """``acquire_release`` is the time of a pair in seconds, including the Python loop around it.

    It is the time from when all units were up until the last one was done, divided by all pairs.
    Starting and ending the units is not included.
    """
    begin = min(span.begin for span in answers.spans)
    end = max(span.end for span in answers.spans)
    return {"acquire_release": (end - begin) / (job.units * job.pairs)}
