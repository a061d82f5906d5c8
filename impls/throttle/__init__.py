"""What does it cost to acquire and release a semaphore, alone and when others want it too?

Let no more than so many in at once: what a semaphore costs, and what it does when used wrongly.

The unit of work is one pair: acquire the semaphore, release it. When all is done it is released once
more than it was acquired. A bounded one refuses that; a plain one lets one more in from then on.
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

METRICS = {"acquire_release": ("s", "lower")}


@dataclass(frozen=True)
class Case:
    """So many units, each acquiring and releasing so many times; ``workers`` is the bound."""

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
    """Units, each to acquire and release ``pairs`` times, no more than ``bound`` of them in flight.

    Where there is a ``moment``, in seconds, a unit sleeps for it while it is in flight, and is counted.
    With 0 it only gives the others their turn; with None there is neither sleep nor count.
    """

    units: int
    pairs: int
    bound: int
    moment: float | None


def job(case: Case, resources: Resources) -> Job:
    """The units of a case; ``workers`` is the semaphore's bound."""
    return Job(case.units, case.pairs, resources.workers or case.workers, case.moment)


class Span(NamedTuple):
    """From when all units were there until one had done its pairs: seconds of ``time.monotonic``."""

    begin: float
    end: float


class Throttled(NamedTuple):
    """When each unit was busy, and what became of the semaphore.

    ``most`` were in flight at once, as far as they were counted. ``bounded`` is what the semaphore
    claims to be. ``refused`` names the error with which it refused one release too many, None where it
    took it; and then ``room`` could acquire it at once.
    """

    spans: list[Span]
    most: int
    bounded: bool
    refused: str | None
    room: int


class Flight:
    """Counts who is in flight, and the most there were at once; the same for every model."""

    def __init__(
        self,
        lock: AbstractContextManager[Any] | None = None,
        now: Any = None,
        most: Any = None,
    ) -> None:
        # One that processes share may be false: it is 0.
        self._lock = threading.Lock() if lock is None else lock
        self._now = SimpleNamespace(value=0) if now is None else now
        self._most = SimpleNamespace(value=0) if most is None else most

    @classmethod
    def of_processes(cls, context: BaseContext) -> Flight:
        """One that counts in all processes it is handed to when they start."""
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
    """The name of the error that one release too many ends in; None where it is taken."""
    try:
        release()
    except (ValueError, RuntimeError) as error:
        return type(error).__name__
    return None


def check(job: Job, answers: object) -> None:
    """Every unit did its pairs within the bound, and one release too many had its consequence.

    Raises:
        AssertionError: saying what is wrong with the units, or with the semaphore.
    """
    assert isinstance(answers, Throttled), f"expected it throttled, got {type(answers).__name__}"
    assert len(answers.spans) == job.units, f"expected {job.units} units, got {len(answers.spans)}"
    for unit, span in enumerate(answers.spans):
        assert span.begin < span.end, f"unit {unit}: ended before it began"
    if job.moment is None:
        assert answers.most == 0, f"{answers.most} in flight were counted, none was to be"
    else:
        assert answers.most > 0, "nobody was in flight"
    assert answers.most <= job.bound, f"{answers.most} were in flight, {job.bound} is the bound"
    if answers.bounded:
        assert answers.refused is not None, "bounded, and took one release too many"
        assert answers.room == job.bound, f"room for {answers.room}, {job.bound} is the bound"
    else:
        assert answers.refused is None, f"not bounded, and refused a release: {answers.refused}"
        grown = job.bound + 1
        assert answers.room == grown, f"room for {answers.room}, one release too many makes {grown}"


def metrics(job: Job, answers: Throttled, seconds: float) -> dict[str, float]:
    """How long a pair took: from when all units were there, until the last was done, over all pairs.

    What starts them and ends them is not in it; the loop around the pairs is.
    """
    begin = min(span.begin for span in answers.spans)
    end = max(span.end for span in answers.spans)
    return {"acquire_release": (end - begin) / (job.units * job.pairs)}
