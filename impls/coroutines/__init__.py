"""What does a call cost, as a coroutine of each kind, inside the running loop?

Call a function that does almost nothing, in each way that Python offers for coroutines.

The unit of work is one call: it takes a number and returns its successor. Python has native coroutines,
classic ones (generators with ``send``), generator-based ones, and asynchronous generators. A loop can
also run a call as a task. Only the cost of a call differs.

The models of this workload are coroutines. They are awaited and timed inside the running loop, because
starting a loop costs more than thousands of calls.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from impls import Resources

QUESTION = "What does a call cost, as a coroutine of each kind, inside the running loop?"
COST_QUESTION = True
OVERVIEW = {"calls_10k": "a call costs"}
FINDING = (
    ("call",), {"sequential": "plain", "native": "awaited", "asyncio_gather": "as a task"},
)  # fmt: skip
SURPRISES = (("asyncio_gather", "native", "call", 10.0, "the event loop schedules each task"),)

METRICS = {"call": ("s", "lower")}


@dataclass(frozen=True)
class Case:
    """A size of the work: how many calls, and how many of them in flight (``workers``) in models that
    make several at once."""

    items: int
    scale: float = 1.0
    workers: int = 100


CASES = {
    "calls_10k": Case(10_000),
    "calls_100k": Case(100_000, scale=10.0),
}


@dataclass(frozen=True)
class Job:
    """The numbers to call the function with, in order."""

    numbers: range


def job(case: Case, resources: Resources) -> Job:
    """The calls of a case; they need no resources."""
    return Job(range(case.items))


def check(job: Job, answers: object) -> None:
    """Check that the answers are each number's successor, in the order of the numbers.

    Raises:
        AssertionError: the message names the first wrong call.
    """
    assert isinstance(answers, list), f"expected a list of numbers, got {type(answers).__name__}"
    for number, got in zip(job.numbers, answers, strict=False):
        assert got == number + 1, f"call {number}: expected {number + 1}, got {got!r}"
    assert len(answers) == len(job.numbers), f"expected {len(job.numbers)} calls, got {len(answers)}"


def metrics(job: Job, answers: object, seconds: float) -> Mapping[str, float]:
    """``call`` is the time of one call in seconds, including the Python loop around it."""
    return {"call": seconds / len(job.numbers)}
