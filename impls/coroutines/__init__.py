"""What does a call cost, as a coroutine of each kind, inside the running loop?

Call something that does next to nothing, in each of the ways a coroutine can be called.

The unit of work is one call: a number goes in, the next one comes out. Python has native coroutines,
classic ones (generators that are sent to), generator-based ones, and asynchronous generators; and a
loop can be asked to run a call as a task of its own. What differs is what a call costs.

The models of this workload are coroutines themselves: they are awaited, and timed, inside the running
loop, whose start would cost more than thousands of calls.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from impls import Resources

QUESTION = "What does a call cost, as a coroutine of each kind, inside the running loop?"

METRICS = {"call": ("s", "lower")}


@dataclass(frozen=True)
class Case:
    """So many calls; models that have several in flight have ``workers`` of them."""

    items: int
    scale: float = 1.0
    workers: int = 100


CASES = {
    "calls_10k": Case(10_000),
    "calls_100k": Case(100_000, scale=10.0),
}


@dataclass(frozen=True)
class Job:
    """The numbers to be asked about, in order: from 0, so many."""

    numbers: range


def job(case: Case, resources: Resources) -> Job:
    """The calls of a case; they need no resources."""
    return Job(range(case.items))


def check(job: Job, answers: object) -> None:
    """Each number's successor, in the order of the numbers.

    Raises:
        AssertionError: naming the first call that is wrong.
    """
    assert isinstance(answers, list), f"expected a list of numbers, got {type(answers).__name__}"
    for number, got in zip(job.numbers, answers, strict=False):
        assert got == number + 1, f"call {number}: expected {number + 1}, got {got!r}"
    assert len(answers) == len(job.numbers), f"expected {len(job.numbers)} calls, got {len(answers)}"


def metrics(job: Job, answers: object, seconds: float) -> Mapping[str, float]:
    """``call``: the seconds of one, with the loop of Python around it."""
    return {"call": seconds / len(job.numbers)}
