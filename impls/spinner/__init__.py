"""What keeps answering while something slow runs?

Something slow, and beside it a spinner, which shows whether the program still answers.

The unit of work is the slow part: is a number prime, by trial division, with naps in between. Beside it
a spinner draws a frame at once, and then one after each interval, until the slow part is done and the
spinner is stopped. A frame is a note of the time: what it would draw costs next to nothing. The
bookkeeping is here, the same for all; how the two run beside each other is the model's.
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

METRICS = {
    "longest_gap": ("s", "lower"),
    "frames_shown": ("share", "higher"),
    "stopping": ("s", "lower"),
}

now = time.monotonic
"""The clock of all frames: it is one for all processes of the machine."""


@dataclass(frozen=True)
class Job:
    """A number to be tested, and how often a spinner beside it is to draw.

    ``interval`` is the seconds between two frames. ``nap`` is how long the slow part sleeps after each
    ``stretch`` of so many divisions, None where it never does; without a stretch they are all one.
    ``prime`` is what must come out.
    """

    number: int
    interval: float
    nap: float | None = None
    stretch: int | None = None
    prime: bool = True


@dataclass(frozen=True)
class Case:
    """The job of each round; there is one slow part."""

    job: Job
    scale: float = 1.0
    workers: int = 1
    items: int = 1


SMALL = 47
LARGE = 9_007_199_254_740_881
"""The largest prime below 2**53, of sixteen digits: 47 million divisions."""

CASES = {
    # It ends halfway between two frames: whether a last one just made it is not the question.
    "waiting": Case(Job(SMALL, interval=0.02, nap=0.21)),
    "computing": Case(Job(LARGE, interval=0.1), scale=10.0),
    "computing_with_naps": Case(Job(LARGE, interval=0.1, nap=0.0, stretch=50_000), scale=10.0),
}


def job(case: Case, resources: Resources) -> Job:
    """The job of a case; it needs no resources."""
    return case.job


@dataclass(frozen=True)
class Seen:
    """The slow part's answer, and what one has seen meanwhile: times of the common clock."""

    answer: bool
    begun: float
    frames: tuple[float, ...]
    stopping: float
    """When the spinner was asked to stop."""
    stopped: float
    """When it was gone: its thread or process joined, its task done."""


class Screen:
    """Where the spinner draws. From when it is made, somebody looks at it and waits."""

    def __init__(self) -> None:
        self.begun = self.stopping = now()
        self.frames: list[float] = []

    @traced()
    def draw(self) -> None:
        """Show the next frame."""
        self.frames.append(now())

    def stop(self) -> None:
        """The slow part is done: right after this, the spinner is asked to stop."""
        self.stopping = now()

    def seen(self, answer: bool) -> Seen:
        """All that was seen; to be asked for once the spinner is gone."""
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
    """The slow part as a coroutine: the same, but for naps that are awaited, of an event loop's own."""
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
    """The slow part has found what is right, has taken its time, and the spinner is gone.

    How many frames there were is not judged: that is what is measured.

    Raises:
        AssertionError: naming what is wrong.
    """
    assert isinstance(answers, Seen), f"expected what was seen, got {type(answers).__name__}"
    assert answers.answer is job.prime, f"{job.number}: expected {job.prime}, got {answers.answer}"
    took = answers.stopping - answers.begun
    least = 0.9 * (job.nap or 0.0)  # a clock may be coarse
    assert took >= least, f"the slow part took {took:.3f} s, its nap alone is {job.nap} s"
    assert answers.stopped >= answers.stopping, "the spinner was gone before it was asked to stop"
    frames = (answers.begun, *answers.frames, answers.stopped)
    for number, (before, frame) in enumerate(pairwise(frames)):
        assert before <= frame, f"frame {number} of {len(answers.frames)}: not after the one before"


def metrics(job: Job, answers: Seen, seconds: float) -> dict[str, float]:
    """The longest time without a new frame, the frames shown of those due, and how long a stop takes.

    One looks from before the spinner is started until the slow part is done: a spinner that takes time
    to start is late with its first frame. A frame is due at once, and one more each interval.
    """
    begin, end = answers.begun, answers.stopping
    frames = [frame for frame in answers.frames if frame <= end]
    due = 1 + int((end - begin) / job.interval)
    return {
        "longest_gap": max(after - before for before, after in pairwise([begin, *frames, end])),
        "frames_shown": len(frames) / due,
        "stopping": answers.stopped - answers.stopping,
    }
