"""How soon does the caller have results of tasks that only wait, and what does a task cost?

Tasks that only wait, few workers: when are the results there, and what does a task cost?

The unit of work is one nap: wait so many seconds, answer ten times the task's number. It computes next
to nothing, so what a round takes beside the naps is what the model costs. In the small cases the naps
are long, and differ: there it shows when the caller gets which result. In the large ones they are
short, and together as long in each: what grows from one to the next is the cost of the tasks.
"""

from __future__ import annotations

import heapq
import math
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from impls import Resources
from impls._traced import traced

QUESTION = "How soon does the caller have results of tasks that only wait, and what does a task cost?"

UNIT = 0.02
"""Seconds for which the task of one unit naps, in the small cases."""

TOGETHER = 0.01
"""The best possible seconds of each of the large cases."""


class Task(NamedTuple):
    """Wait so many seconds, then have this answer."""

    number: int
    seconds: float

    @property
    def answer(self) -> int:
        return self.number * 10


@traced("task")
def nap(task: Task) -> int:
    """The unit of work, where waiting may block the thread."""
    time.sleep(task.seconds)
    return task.answer


@dataclass(frozen=True)
class Case:
    """Naps of so many seconds, in this order, so many of them at a time."""

    naps: tuple[float, ...] = field(repr=False)
    workers: int
    scale: float

    @property
    def items(self) -> int:
        return len(self.naps)

    @property
    def tasks(self) -> tuple[Task, ...]:
        return tuple(Task(number, seconds) for number, seconds in enumerate(self.naps))


def _alike(count: int, scale: float, workers: int = 100) -> Case:
    waves = math.ceil(count / workers)
    return Case((TOGETHER / waves,) * count, workers, scale)


CASES = {
    "tasks_5_longest_first": Case(tuple(UNIT * n for n in (4, 3, 2, 1, 0)), workers=3, scale=1.0),
    # As in the notes: the first result is there at once.
    "tasks_5": Case(tuple(UNIT * n for n in (0, 1, 2, 3, 4)), workers=3, scale=1.25),
    "tasks_10": _alike(10, scale=0.2),
    "tasks_1k": _alike(1_000, scale=0.6),
    "tasks_10k": _alike(10_000, scale=5.0),
    "tasks_100k": _alike(100_000, scale=50.0),
}


@dataclass(frozen=True)
class Job:
    """Tasks to begin in this order; ``limit`` is the best possible seconds for all of them."""

    tasks: tuple[Task, ...] = field(repr=False)
    limit: float


def job(case: Case, resources: Resources) -> Job:
    """The tasks of a case; its limit depends on ``workers``."""
    return Job(case.tasks, limit(case.tasks, resources.workers or case.workers))


class Results:
    """What the caller got, in the order it got it, and when.

    A model makes it before anything else. With ``in_order`` it promises the order of the tasks; without
    it, results may come as they are ready.
    """

    def __init__(self, *, in_order: bool) -> None:
        self.in_order = in_order
        self.values: list[int] = []
        self.had: list[float] = []
        """When, by ``time.perf_counter``, as ``started``."""
        self._one_at_a_time = threading.Lock()
        self.started = time.perf_counter()

    @traced("value")
    def take(self, value: int) -> None:
        """The caller has this result from now on; any thread may say so."""
        with self._one_at_a_time:
            self.values.append(value)
            self.had.append(time.perf_counter())


METRICS = {
    "first_result": ("s", "lower"),
    "in_order": ("share", "higher"),
    "overhead": ("s", "lower"),
}


def metrics(job: Job, results: Results, seconds: float) -> dict[str, float]:
    """What else a round tells.

    ``first_result`` is the time until the caller had one, whichever; ``in_order`` how many of the
    results came when those of all earlier tasks had come; ``overhead`` is, of each task, its part of
    the seconds that were not the naps'.
    """
    return {
        "first_result": results.had[0] - results.started,
        "in_order": _in_order(results.values) / len(job.tasks),
        "overhead": (seconds - job.limit) / len(job.tasks),
    }


def check(job: Job, results: object) -> None:
    """Each task's answer is there once, in the order that the model promises, and not before its nap.

    Raises:
        AssertionError: naming the first task that is wrong.
    """
    assert isinstance(results, Results), f"expected results, got {type(results).__name__}"
    count = len(job.tasks)
    assert len(results.values) == count, f"expected {count} results, got {len(results.values)}"
    napped = {task.answer: task.seconds for task in job.tasks}
    for place, (value, had) in enumerate(zip(results.values, results.had, strict=True)):
        assert value in napped, f"result {place}: {value} is no task's answer, or was had before"
        seconds, took = napped.pop(value), had - results.started
        assert took > seconds - TICK, f"result {place}: had after {took:.4f} s, its nap is {seconds} s"
        if results.in_order:
            right = job.tasks[place].answer
            assert value == right, f"result {place}: expected {right}, in order, got {value}"


TICK = 1e-6 + time.get_clock_info("monotonic").resolution
"""Seconds by which one clock may think that a nap by another was too short."""


def limit(tasks: Sequence[Task], workers: int) -> float:
    """The best possible seconds: whoever is free takes the next task, and nothing else takes time."""
    free = [0.0] * min(workers, len(tasks))
    for task in tasks:
        heapq.heapreplace(free, free[0] + task.seconds)
    return max(free)


def _in_order(values: Sequence[int]) -> int:
    """How many came when all that are less had come."""
    missing, had, count = sorted(values, reverse=True), set[int](), 0
    for value in values:
        count += value == missing[-1]
        had.add(value)
        while missing and missing[-1] in had:
            missing.pop()
    return count
