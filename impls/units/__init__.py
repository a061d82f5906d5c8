"""What does a unit of execution cost: how long to start and to end, how much memory?

Start units of execution, keep all of them idle at the same time, and end them.

The unit of work is a unit of execution itself. It starts, reports that it is up, waits for the signal
to end, and ends. It does nothing else, so the time is the overhead of any work in such a unit.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from dataclasses import dataclass

from impls import Resources
from impls._traced import traced

QUESTION = "What does a unit of execution cost: how long to start and to end, how much memory?"
COST_QUESTION = True
OVERVIEW = {"hundred": "a unit costs", "thousand": "a unit of 1,000 costs"}
FINDING = (
    ("start", "memory"),
    {"asyncio_tasks": "task", "threads": "thread", "processes_forkserver": "process"},
)


@dataclass(frozen=True)
class Case:
    """A size of the work: how many units are up at the same time."""

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
    """Do nothing: timed rounds call this while all units are up."""


@dataclass(frozen=True)
class Job:
    """The number of units to have up at the same time.

    A model calls ``when_up`` when all units are up, before it signals any of them to end.
    """

    units: int
    when_up: Callable[[], object] = nothing


def job(case: Case, resources: Resources) -> Job:
    """The units of a case, at most ``workers`` of them."""
    return Job(min(case.items, resources.workers or case.items))


class Life:
    """When the units started, were up, got the signal to end, and had ended: ``time.perf_counter``.

    A model creates it right before it starts the first unit.
    """

    @traced()
    def __init__(self, job: Job) -> None:
        self.job = job
        self.units: Collection[object] = ()
        """An identity that each unit reported, unique among the units that are up."""
        self.joined = 0.0
        self.started = time.perf_counter()

    @traced()
    def all_up(self, units: Collection[object]) -> None:
        """Record that all units are up, and their identities; call ``when_up``."""
        self.up = time.perf_counter()
        self.units = units
        self.job.when_up()
        self.signalled = time.perf_counter()

    @traced()
    def all_gone(self) -> Life:
        """Record that all units have ended."""
        self.joined = time.perf_counter()
        return self


METRICS = {
    "start": ("s", "lower"),
    "join": ("s", "lower"),
    "memory": ("B", "lower"),
}


def metrics(job: Job, life: Life, seconds: float) -> dict[str, float]:
    """The mean cost of a unit, in seconds.

    ``start`` is the time from right before the first start until all units are up. ``join`` is the time
    from the signal to end until all have ended. Both are divided by the number of units. ``memory`` is
    missing: the benchmark measures it once, outside the timed rounds.
    """
    return {
        "start": (life.up - life.started) / job.units,
        "join": (life.joined - life.signalled) / job.units,
    }


def check(job: Job, life: object) -> None:
    """Check that the right number of different units was up at the same time, and that they ended.

    Raises:
        AssertionError: one of this is not so; the message names it.
    """
    assert isinstance(life, Life), f"expected Life, got {type(life).__name__}"
    assert life.units, "the units were never up"
    different = len(set(life.units))
    assert different == job.units, f"expected {job.units} different units, got {different}"
    assert len(life.units) == job.units, f"expected {job.units} units, got {len(life.units)}"
    assert life.joined, "the units never ended"
