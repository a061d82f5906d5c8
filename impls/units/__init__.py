"""What does a unit of execution cost: how long to start and to end, how much memory?

Start units, have all of them idle at the same time, end them: what does it cost to have one?

The unit of work is a unit of execution itself: it starts, says that it is up, waits to be told to end,
and ends. It does nothing else, so what is seen is what any work in such a unit pays beforehand.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from dataclasses import dataclass

from impls import Resources
from impls._traced import traced

QUESTION = "What does a unit of execution cost: how long to start and to end, how much memory?"


@dataclass(frozen=True)
class Case:
    """So many units, all of them there at the same time."""

    items: int
    scale: float = 1.0

    @property
    def workers(self) -> int:
        return self.items


CASES = {
    "one": Case(1),
    "hundred": Case(100, scale=50.0),
    "thousand": Case(1_000, scale=500.0),
}


def nothing() -> None:
    """What is done while all units are up, in a round that is timed."""


@dataclass(frozen=True)
class Job:
    """So many units to have at once, which is no more than may be in flight.

    ``when_up`` is to be called when all of them are up, before any is told to end.
    """

    units: int
    when_up: Callable[[], object] = nothing


def job(case: Case, resources: Resources) -> Job:
    """The units of a case, at most ``workers`` of them."""
    return Job(min(case.items, resources.workers or case.items))


class Life:
    """When units began, were up, were told to end, and had ended, by ``time.perf_counter``.

    A model makes it right before it starts the first unit.
    """

    @traced()
    def __init__(self, job: Job) -> None:
        self.job = job
        self.units: Collection[object] = ()
        """What each unit said that it is, which no other one is at the same time."""
        self.joined = 0.0
        self.started = time.perf_counter()

    @traced()
    def all_up(self, units: Collection[object]) -> None:
        """All units have said what they are, and wait."""
        self.up = time.perf_counter()
        self.units = units
        self.job.when_up()
        self.told = time.perf_counter()

    @traced()
    def all_gone(self) -> Life:
        """All units have ended, and nothing of them is left."""
        self.joined = time.perf_counter()
        return self


METRICS = {
    "start": ("s", "lower"),
    "join": ("s", "lower"),
    "memory": ("B", "lower"),
}


def metrics(job: Job, life: Life, seconds: float) -> dict[str, float]:
    """What a unit costs, on an average.

    ``start`` is from right before the first is started until all are up, and ``join`` from when they
    are told to end until all have ended, each over the number of units. ``memory`` is not to be seen
    in a round that is timed: the benchmark weighs it, once.
    """
    return {
        "start": (life.up - life.started) / job.units,
        "join": (life.joined - life.told) / job.units,
    }


def check(job: Job, life: object) -> None:
    """As many different units were up at the same time as were asked for, and then they ended.

    Raises:
        AssertionError: saying what is wrong.
    """
    assert isinstance(life, Life), f"expected the life of units, got {type(life).__name__}"
    assert life.units, "the units were never up"
    different = len(set(life.units))
    assert different == job.units, f"expected {job.units} different units, got {different}"
    assert len(life.units) == job.units, f"expected {job.units} units, got {len(life.units)}"
    assert life.joined, "the units never ended"
