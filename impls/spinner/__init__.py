"""What keeps answering while something slow runs?

A slow part runs beside a spinner, which shows whether the program still responds.

The unit of work is the slow part: a primality test by trial division, in some cases with naps. The
spinner draws a frame at once and another one after each interval, until the slow part is done and stops
it. To draw a frame is to record the time, because real drawing costs almost nothing. All models share
this code; each model decides how the two parts run concurrently.
"""

from __future__ import annotations

import math
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise

from impls import Resources
from impls._traced import traced

QUESTION = "What keeps answering while something slow runs?"
OVERVIEW: dict[str, str] = {}
WORDS = {"longest_gap": "longest gap"}
SURPRISES = (
    ("asyncio_task", "threaded", "longest_gap", 2.0, "a coroutine that never awaits stops all others"),
)

METRICS = {
    "longest_gap": ("s", "lower"),
    "frames_shown": ("share", "higher"),
    "stopping": ("s", "lower"),
}

BOUND = 0.2
"""Seconds without a frame, twice the longest interval of the cases: a user notices a longer pause."""

now = time.monotonic
"""The clock of all frames, which is the same in all processes of a machine."""


@dataclass(frozen=True)
class Job:
    """A number to test, and the ``interval`` between two frames of the spinner, in seconds.

    The slow part sleeps ``nap`` seconds after every ``stretch`` divisions, or after all of them if
    ``stretch`` is None. If ``nap`` is None, it never sleeps. ``prime`` is the correct answer.
    """

    number: int
    interval: float
    nap: float | None = None
    stretch: int | None = None
    prime: bool = True


@dataclass(frozen=True)
class Case:
    """The job of each round, with one slow part."""

    job: Job
    scale: float = 1.0
    workers: int = 1
    items: int = 1


SMALL = 47
LARGE = 9_007_199_254_740_881
"""The largest prime below 2**53, of sixteen digits: 47 million divisions."""

CASES = {
    # It ends halfway between two frames, so that the number of frames does not depend on chance.
    "waiting": Case(Job(SMALL, interval=0.02, nap=0.21)),
    "computing": Case(Job(LARGE, interval=0.1), scale=10.0),
    "computing_with_naps": Case(Job(LARGE, interval=0.1, nap=0.0, stretch=50_000), scale=10.0),
}


def job(case: Case, resources: Resources) -> Job:
    """The job of a case; it needs no resources."""
    return case.job


@dataclass(frozen=True)
class Seen:
    """The slow part's answer, and the times of frames and events, in seconds of ``now``."""

    answer: bool
    begun: float
    frames: tuple[float, ...]
    stopping: float
    """When the model asked the spinner to stop."""
    stopped: float
    """When the spinner had ended: its thread or process was joined, or its task done."""


class Screen:
    """The screen that the spinner draws on. The first gap begins when it is created."""

    def __init__(self) -> None:
        self.begun = self.stopping = now()
        self.frames: list[float] = []

    @traced()
    def draw(self) -> None:
        """Record a frame with the current time."""
        self.frames.append(now())

    def stop(self) -> None:
        """Record the end of the slow part; call this right before the spinner is asked to stop."""
        self.stopping = now()

    def seen(self, answer: bool) -> Seen:
        """The answer with all recorded times; call this once the spinner has ended."""
        return Seen(answer, self.begun, tuple(self.frames), self.stopping, stopped=now())


@traced()
def slow(job: Job) -> bool:
    """The slow part: whether the job's number is prime."""
    if job.number % 2 == 0:
        return job.number == 2
    for divisors in _stretches(job):
        if _divides(divisors, job.number):
            return False
        if job.nap is not None:
            time.sleep(job.nap)
    return job.number > 1


@traced()
async def slow_async(job: Job, sleep: Callable[[float], Awaitable[None]]) -> bool:
    """The slow part as a coroutine: it awaits its naps with the ``sleep`` of the event loop."""
    if job.number % 2 == 0:
        return job.number == 2
    for divisors in _stretches(job):
        if _divides(divisors, job.number):
            return False
        if job.nap is not None:
            await sleep(job.nap)
    return job.number > 1


def _stretches(job: Job) -> Iterator[range]:
    divisors = range(3, math.isqrt(job.number) + 1, 2)
    length = job.stretch or max(1, len(divisors))
    return (divisors[start : start + length] for start in range(0, len(divisors), length))


def _divides(divisors: range, number: int) -> bool:
    for divisor in divisors:
        if number % divisor == 0:
            return True
    return False


def check(job: Job, answers: object) -> None:
    """Check the answer, that the slow part napped, and that all times are in order.

    The number of frames is measured, not checked.

    Raises:
        AssertionError: one of this is wrong; the message names it.
    """
    assert isinstance(answers, Seen), f"expected Seen, got {type(answers).__name__}"
    assert answers.answer is job.prime, f"{job.number}: expected {job.prime}, got {answers.answer}"
    took = answers.stopping - answers.begun
    least = 0.9 * (job.nap or 0.0)  # a clock may be coarse
    assert took >= least, f"the slow part took {took:.3f} s, less than its nap of {job.nap} s"
    assert answers.stopped >= answers.stopping, "the spinner ended before it was asked to stop"
    frames = (answers.begun, *answers.frames, answers.stopped)
    for number, (before, frame) in enumerate(pairwise(frames)):
        assert before <= frame, f"frame {number} of {len(answers.frames)}: before the previous one"


def metrics(job: Job, answers: Seen, seconds: float) -> dict[str, float]:
    """The longest time without a new frame, the share of due frames that were shown, and the time of a
    stop; times are in seconds.

    Gaps and frames count from before the start of the spinner to the end of the slow part. A spinner
    that starts slowly is late with its first frame. One frame is due at once, and one after each
    interval.
    """
    begin, end = answers.begun, answers.stopping
    frames = [frame for frame in answers.frames if frame <= end]
    due = 1 + int((end - begin) / job.interval)
    return {
        "longest_gap": max(after - before for before, after in pairwise([begin, *frames, end])),
        "frames_shown": len(frames) / due,
        "stopping": answers.stopped - answers.stopping,
    }
