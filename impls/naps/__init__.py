"""How soon does the caller have results of tasks that only wait, and what does a task cost?

Tasks that only wait, with a bounded number of workers.

The unit of work is one nap: wait a given time, and return ten times the task's number. A nap needs
almost no CPU time, so the rest of a round is the cost of the model. In the small cases the naps are
long and differ, to show when the caller gets each result. In the large cases they are short, and the
best possible time is the same, so only the cost of the tasks grows from case to case.
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
OVERVIEW: dict[str, str] = {}
WORDS = {"first_result": "first result after"}
SURPRISES = (
    ("threaded", "threaded_as_completed", "first_result", 1.5, "map returns in the order of tasks"),
)

UNIT = 0.02
"""The unit of naps in the small cases, in seconds."""

TOGETHER = 0.01
"""The best possible time of each large case, in seconds."""


class Task(NamedTuple):
    """A nap of this many seconds, with an answer after it."""

    number: int
    seconds: float

    @property
    def answer(self) -> int:
        return self.number * 10


@traced("task")
def nap(task: Task) -> int:
    """Nap, blocking the thread: the unit of work."""
    time.sleep(task.seconds)
    return task.answer


@dataclass(frozen=True)
class Case:
    """A size of the work: the naps in order, in seconds, and how many tasks in flight."""

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
    # The first task does not wait at all.
    "tasks_5": Case(tuple(UNIT * n for n in (0, 1, 2, 3, 4)), workers=3, scale=1.25),
    "tasks_10": _alike(10, scale=0.2),
    "tasks_1k": _alike(1_000, scale=0.6),
    "tasks_10k": _alike(10_000, scale=5.0),
    "tasks_100k": _alike(100_000, scale=50.0),
}


@dataclass(frozen=True)
class Job:
    """Tasks to begin in this order; ``limit`` is the best possible time for all of them, in seconds."""

    tasks: tuple[Task, ...] = field(repr=False)
    limit: float


def job(case: Case, resources: Resources) -> Job:
    """The tasks of a case; its limit depends on ``workers``."""
    return Job(case.tasks, limit(case.tasks, resources.workers or case.workers))


class Results:
    """The values that the caller got, in the order in which it got them, and when.

    A model creates it before anything else. With ``in_order`` it promises the results in the order of
    the tasks; otherwise they come as they are ready.
    """

    def __init__(self, *, in_order: bool) -> None:
        self.in_order = in_order
        self.values: list[int] = []
        self.times: list[float] = []
        """When the caller got each value; like ``started``, seconds of ``time.perf_counter``."""
        self._lock = threading.Lock()
        self.started = time.perf_counter()

    @traced("value")
    def take(self, value: int) -> None:
        """Record that the caller has this result now; any thread may call this."""
        with self._lock:
            self.values.append(value)
            self.times.append(time.perf_counter())


METRICS = {
    "first_result": ("s", "lower"),
    "in_order": ("share", "higher"),
    "overhead": ("s", "lower"),
}


def metrics(job: Job, results: Results, seconds: float) -> dict[str, float]:
    """``first_result`` is the seconds until the caller had any result. ``in_order`` is the share of
    results that came after those of all earlier tasks. ``overhead`` is the time beyond the limit, in
    seconds per task."""
    return {
        "first_result": results.times[0] - results.started,
        "in_order": _in_order(results.values) / len(job.tasks),
        "overhead": (seconds - job.limit) / len(job.tasks),
    }


def check(job: Job, results: object) -> None:
    """Check that each task's answer came once, in the promised order, and not before its nap ended.

    Raises:
        AssertionError: the message names the first wrong result.
    """
    assert isinstance(results, Results), f"expected Results, got {type(results).__name__}"
    count = len(job.tasks)
    assert len(results.values) == count, f"expected {count} results, got {len(results.values)}"
    napped = {task.answer: task.seconds for task in job.tasks}
    for place, (value, came) in enumerate(zip(results.values, results.times, strict=True)):
        assert value in napped, f"result {place}: unexpected or repeated value {value}"
        seconds, took = napped.pop(value), came - results.started
        assert took > seconds - TICK, f"result {place}: came after {took:.4f} s, its nap is {seconds} s"
        if results.in_order:
            right = job.tasks[place].answer
            assert value == right, f"result {place}: expected {right} (in order), got {value}"


TICK = 1e-6 + time.get_clock_info("monotonic").resolution
"""The tolerance of the check in seconds: two clocks may differ by this much about a nap."""


def limit(tasks: Sequence[Task], workers: int) -> float:
    """The best possible time in seconds: a free worker takes the next task, and only naps take time."""
    free = [0.0] * min(workers, len(tasks))
    for task in tasks:
        heapq.heapreplace(free, free[0] + task.seconds)
    return max(free)


def _in_order(values: Sequence[int]) -> int:
    """The number of values that came after all smaller ones."""
    missing, came, count = sorted(values, reverse=True), set[int](), 0
    for value in values:
        count += value == missing[-1]
        came.add(value)
        while missing and missing[-1] in came:
            missing.pop()
    return count
