"""What does a computing thread cost one that waits, and what does the switch interval change?

A waiting thread and a computing thread run side by side, under a given switch interval.

The unit of work is a nap: the waiting thread sleeps, and records how late it runs again. The other one
computes until all naps are over, and measures its share of CPU time. If both share a GIL, the waiting
thread requests it when it wakes. The computing thread must release it after a switch interval. All
models share this code; each model decides how the two units run concurrently.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import random
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from impls import Resources
from impls._traced import traced

QUESTION = "What does a computing thread cost one that waits, and what does the switch interval change?"
COST_QUESTION = True
OVERVIEW = {"interval_5ms": "a waiting thread is late by"}
FINDING = (("latency",), {"waiting_alone": "alone", "threaded": "beside a computing thread"})
SURPRISES = (
    (
        "threaded",
        "waiting_alone",
        "latency",
        5.0,
        "a waiting thread gets the lock after a switch interval",
    ),
)

METRICS = {
    "latency": ("s", "lower"),
    "worst_latency": ("s", "lower"),
    "throughput": ("1/s", "higher"),
    "computing": ("share", "higher"),
}

NAP = 0.001
"""The length of a nap in seconds."""

NAPS = 25
"""The number of naps in a round."""

now = time.monotonic
cpu_time = time.thread_time


@dataclass(frozen=True)
class Case:
    """A switch interval in seconds, with one waiting unit."""

    interval: float
    scale: float = 1.0
    workers: int = 1
    items: int = NAPS


CASES = {
    "interval_500us": Case(0.0005),
    "interval_5ms": Case(0.005, scale=2.5),  # Python's default
    "interval_50ms": Case(0.05, scale=20.0),
}


@dataclass(frozen=True)
class Job:
    """The number of naps, and the length of a nap and of the switch ``interval`` in seconds."""

    interval: float
    naps: int = NAPS
    nap: float = NAP


def job(case: Case, resources: Resources) -> Job:
    """The naps of a case; they need no resources."""
    return Job(case.interval)


class Waited(NamedTuple):
    """How late each nap ended, and the switch interval; both in seconds."""

    late: list[float]
    interval: float


class Computed(NamedTuple):
    """The computing unit's share of CPU time, and its rate in units of computation per second."""

    share: float = 0.0
    rate: float = 0.0


NOTHING = Computed()


@dataclass(frozen=True)
class Answers:
    """The results of the waiting unit and of the computing one."""

    waited: Waited = field(repr=False)
    computed: Computed = NOTHING


@contextlib.contextmanager
def switch_interval(seconds: float) -> Iterator[None]:
    """Set this interpreter's switch interval, and restore it afterwards."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(seconds)
    try:
        yield
    finally:
        sys.setswitchinterval(before)


@traced()
def wait(job: Job) -> Waited:
    """Take all naps and record how late each one ended: the waiting unit."""
    late = []
    for _ in range(job.naps):
        due = now() + job.nap
        time.sleep(job.nap)
        late.append(now() - due)
    return Waited(late, sys.getswitchinterval())


@traced()
def compute(unit: Callable[[], object], stopped: Callable[[], bool]) -> Computed:
    """Call ``unit`` until ``stopped`` returns true: the computing unit."""
    begin, begin_cpu, units = now(), cpu_time(), 0
    while True:
        unit()
        units += 1
        if stopped():
            took = now() - begin
            return Computed((cpu_time() - begin_cpu) / took, units / took)


def python_code() -> int:
    """About a millisecond of pure Python, which can lose the GIL at any time."""
    remainders = 0
    for divisor in range(3, 30_000, 2):
        remainders += 1_000_000_007 % divisor
    return remainders


def c_code() -> bytes:
    """About a millisecond of hashing in C, which releases the GIL."""
    return hashlib.sha256(_buffer()).digest()


def c_code_holding() -> list[int]:
    """Some hundredths of a second of sorting in C, which holds the GIL."""
    return sorted(_numbers())


@functools.cache
def _buffer() -> bytes:
    return bytes(1_500_000)


@functools.cache
def _numbers() -> list[int]:
    source = random.Random(0)
    return [source.getrandbits(40) for _ in range(100_000)]


def check(job: Job, answers: object) -> None:
    """Check the number of naps, their length, the switch interval, and the share of CPU time.

    Raises:
        AssertionError: one of this is wrong; the message names it.
    """
    assert isinstance(answers, Answers), f"expected Answers, got {type(answers).__name__}"
    late, interval = answers.waited
    assert len(late) == job.naps, f"expected {job.naps} naps, got {len(late)}"
    # With a coarse clock a nap may look a little too short.
    for number, seconds in enumerate(late):
        assert seconds > -job.nap / 2, f"nap {number}: {-seconds:.4f} s too short"
    assert abs(interval - job.interval) < 1e-5, f"the switch interval was {interval} s"
    # The two clocks differ a little, so the share may exceed 1.
    share = answers.computed.share
    assert 0 <= share < 1.1, f"expected a share of CPU time from 0 to 1, got {share:.2f}"


def metrics(job: Job, answers: Answers, seconds: float) -> dict[str, float]:
    """The median and the worst latency of the waiting unit in seconds, the computing unit's rate per
    second, and its share of CPU time; the last two are 0 without a computing unit."""
    late = answers.waited.late
    return {
        "latency": statistics.median(late),
        "worst_latency": max(late),
        "throughput": answers.computed.rate,
        "computing": answers.computed.share,
    }
