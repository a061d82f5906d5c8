"""The rounds of one row: each from nothing, each answer checked, outside the timing."""

from __future__ import annotations

import contextlib
import gc
import math
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from pytest_benchmark.fixture import BenchmarkFixture

from concurbench.aio import AioBenchmark

MOST = 20

Job = TypeVar("Job")
Answers = TypeVar("Answers")


@dataclass(frozen=True)
class Plan:
    """How long to time a row in one visit: so many seconds of rounds, as far as the bounds allow."""

    seconds: float
    fewest: int

    def rounds(self, each: float) -> int:
        """How many rounds a row gets one round of which takes so many seconds."""
        return max(self.fewest, min(MOST, math.ceil(self.seconds / each)))


ALONE = Plan(seconds=3.0, fewest=2)
"""For a session by itself: with one round there would be no spread at all."""

ONE_OF_SEVERAL = Plan(seconds=0.2, fewest=1)
"""For a pass of a run of several: what tells is how the passes differ, not the rounds."""


@dataclass
class Rounds(Generic[Job, Answers]):
    """The rounds of one row: how a job is made, an answer judged, and what else a round has shown."""

    setup: Callable[[], Job]
    """Makes a round's job."""
    check: Callable[[Job, Answers], None]
    """Judges an answer; raises AssertionError."""
    warm_up: Callable[[], Job] | None = None
    """Makes the job of the untimed round, which may be a smaller one."""
    scale: float = 1.0
    """How many times the work of that one the others are."""
    plan: Plan = ALONE
    observe: Callable[[Job, Answers, float], Mapping[str, float]] | None = None
    """Told the job, the answer and the seconds of a round, it says what else was measured in it."""
    observed: list[Mapping[str, float]] = field(default_factory=list)
    """What it said, a round that counts an entry."""
    _answers: list[tuple[Answers, float]] = field(default_factory=list)

    def first(self, *, timed: bool) -> Job:
        """The job of the round that is not timed; of the whole work, where none will be."""
        return _made(self.warm_up if self.warm_up and timed else self.setup)

    def fresh(self) -> tuple[tuple[Job], dict[str, object]]:
        """The next job, as pytest-benchmark takes arguments."""
        return (_made(self.setup),), {}

    def answered(self, answer: Answers, seconds: float) -> None:
        self._answers.append((answer, seconds))

    def judge(self, job: Job) -> float:
        """Check the last answer to this job; the seconds it took.

        Raises:
            AssertionError: it is wrong.
        """
        answer, seconds = self._answers.pop()
        self.check(job, answer)
        if self.observe:
            self.observed.append(self.observe(job, answer, seconds))
        return seconds

    def number(self, first: float) -> int:
        """How many to time, if the first one took so many seconds; what that showed is forgotten."""
        self.observed.clear()
        return self.plan.rounds(first * self.scale)


def measure(
    benchmark: BenchmarkFixture, run: Callable[[Job], Answers], rounds: Rounds[Job, Answers]
) -> None:
    """Time ``run`` in rounds.

    A first round is not timed: it warms up what lasts from round to round, and from its duration
    follows how many are. With ``--benchmark-disable`` there is one round, of the whole job, untimed.
    When a check fails, the row has no time.
    """

    def timed(job: Job) -> None:
        start = time.perf_counter()
        answer = run(job)
        rounds.answered(answer, time.perf_counter() - start)

    with only_own_garbage():
        job = rounds.first(timed=benchmark.enabled)
        timed(job)
        seconds = rounds.judge(job)
        if benchmark.enabled:
            number = rounds.number(seconds)
            benchmark.pedantic(timed, setup=rounds.fresh, teardown=rounds.judge, rounds=number)
        else:
            benchmark.pedantic(lambda: None)  # or it would warn that nobody used it


async def measure_in_loop(
    benchmark: AioBenchmark, run: Callable[[Job], Awaitable[Answers]], rounds: Rounds[Job, Answers]
) -> None:
    """The same for a ``run`` that is a coroutine: awaited, and timed, inside the running loop."""

    async def timed(job: Job) -> None:
        start = time.perf_counter()
        answer = await run(job)
        rounds.answered(answer, time.perf_counter() - start)

    async def nothing() -> None: ...

    with only_own_garbage():
        job = rounds.first(timed=benchmark.enabled)
        await timed(job)
        seconds = rounds.judge(job)
        if benchmark.enabled:
            number = rounds.number(seconds)
            await benchmark.pedantic(timed, setup=rounds.fresh, teardown=rounds.judge, rounds=number)
        else:
            await benchmark.pedantic(nothing)


def _made(setup: Callable[[], Job]) -> Job:
    job = setup()
    gc.collect()  # no round pays for the garbage of the one before
    return job


@contextlib.contextmanager
def only_own_garbage() -> Iterator[None]:
    """The garbage collector looks at the objects of the rounds, not at the many of pytest."""
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()
