"""What does a computing thread cost one that waits, and what does the switch interval change?

A thread that computes beside one that waits, and the interval after which they switch.

The unit of work is a nap: the waiting one sleeps, and notes how late it gets to run. The other computes
until all naps are over, and says what share of the time it was on a core: a clock of its own CPU time
says so. Where both are under one interpreter lock, the waiting one asks for the lock when it wakes, and
the computing one has to give it up when a switch interval has passed. How the two run beside each other
is the model's; naps, what is computed, and the counting are here, the same for all.
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

METRICS = {
    "latency": ("s", "lower"),
    "worst_latency": ("s", "lower"),
    "throughput": ("1/s", "higher"),
    "computing": ("share", "higher"),
}

NAP = 0.001
NAPS = 25

now = time.monotonic
cpu_time = time.thread_time


@dataclass(frozen=True)
class Case:
    """A switch interval, in seconds; there is one who waits."""

    interval: float
    scale: float = 1.0
    workers: int = 1
    items: int = NAPS


CASES = {
    "interval_500us": Case(0.0005),
    "interval_5ms": Case(0.005, scale=2.5),  # Python's own
    "interval_50ms": Case(0.05, scale=20.0),
}


@dataclass(frozen=True)
class Job:
    """So many naps of so many seconds, under a switch interval of so many."""

    interval: float
    naps: int = NAPS
    nap: float = NAP


def job(case: Case, resources: Resources) -> Job:
    """The naps of a case; they need no resources."""
    return Job(case.interval)


class Waited(NamedTuple):
    """How many seconds late each nap ended, and the switch interval it was under."""

    late: list[float]
    interval: float


class Computed(NamedTuple):
    """What the computing one got done: the share of the time it was on a core, and units a second."""

    share: float = 0.0
    rate: float = 0.0


NOTHING = Computed()


@dataclass(frozen=True)
class Answers:
    """What the waiting one saw, and what the other got done."""

    waited: Waited = field(repr=False)
    computed: Computed = NOTHING


@contextlib.contextmanager
def switch_interval(seconds: float) -> Iterator[None]:
    """This interpreter's threads switch after so many seconds; afterwards as before."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(seconds)
    try:
        yield
    finally:
        sys.setswitchinterval(before)


@traced()
def wait(job: Job) -> Waited:
    """Nap after nap, each noted: the part of the one that waits."""
    late = []
    for _ in range(job.naps):
        due = now() + job.nap
        time.sleep(job.nap)
        late.append(now() - due)
    return Waited(late, sys.getswitchinterval())


@traced()
def compute(unit: Callable[[], object], stopped: Callable[[], bool]) -> Computed:
    """Compute unit after unit until stopped: the part of the one that computes."""
    begin, begin_cpu, units = now(), cpu_time(), 0
    while True:
        unit()
        units += 1
        if stopped():
            took = now() - begin
            return Computed((cpu_time() - begin_cpu) / took, units / took)


def python_code() -> int:
    """A unit in pure Python: about a millisecond, and the lock can be taken away at any time."""
    remainders = 0
    for divisor in range(3, 30_000, 2):
        remainders += 1_000_000_007 % divisor
    return remainders


def c_code() -> bytes:
    """A unit in C that gives up the lock: about a millisecond of hashing."""
    return hashlib.sha256(_buffer()).digest()


def c_code_holding() -> list[int]:
    """A unit in C that keeps the lock: some hundredths of a second of sorting."""
    return sorted(_numbers())


@functools.cache
def _buffer() -> bytes:
    return bytes(1_500_000)


@functools.cache
def _numbers() -> list[int]:
    source = random.Random(0)
    return [source.getrandbits(40) for _ in range(100_000)]


def check(job: Job, answers: object) -> None:
    """There was every nap, none too short, all under the switch interval asked for.

    Raises:
        AssertionError: naming what is wrong.
    """
    assert isinstance(answers, Answers), f"expected what was noted, got {type(answers).__name__}"
    late, interval = answers.waited
    assert len(late) == job.naps, f"expected {job.naps} naps, got {len(late)}"
    # A coarse clock may say that a nap was a little short.
    for number, seconds in enumerate(late):
        assert seconds > -job.nap / 2, f"nap {number}: {-seconds:.4f} s too short"
    assert abs(interval - job.interval) < 1e-5, f"the switch interval was {interval} s"
    # Two clocks do not agree to the last digit.
    share = answers.computed.share
    assert 0 <= share < 1.1, f"computed {share:.2f} of the time"


def metrics(job: Job, answers: Answers, seconds: float) -> dict[str, float]:
    """How late the waiting one got to run, in the middle and at worst; units a second of the computing
    one, and the share of the time it computed: 0 where there is none."""
    late = answers.waited.late
    return {
        "latency": statistics.median(late),
        "worst_latency": max(late),
        "throughput": answers.computed.rate,
        "computing": answers.computed.share,
    }
