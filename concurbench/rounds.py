"""The rounds of one row: each from nothing, each answer checked, outside the timing."""

from __future__ import annotations

import contextlib
import gc
import math
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeVar

from pytest_benchmark.fixture import BenchmarkFixture

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

ONE_OF_SEVERAL = Plan(seconds=0.3, fewest=1)
"""For a pass of a run of several: what tells is how the passes differ, not the rounds."""


def measure(
    benchmark: BenchmarkFixture,
    run: Callable[[Job], Answers],
    *,
    setup: Callable[[], Job],
    check: Callable[[Job, Answers], None],
    warm_up: Callable[[], Job] | None = None,
    scale: float = 1.0,
    plan: Plan = ALONE,
    observe: Callable[[Job, Answers, float], Mapping[str, float]] | None = None,
) -> list[Mapping[str, float]]:
    """Time ``run`` in rounds; ``setup`` makes each round's job, ``check`` judges its answer.

    A first round is not timed: it warms up what lasts from round to round. ``warm_up`` makes its job,
    which may be a smaller one: the others are ``scale`` times the work. From its duration follows how
    many rounds are timed. With ``--benchmark-disable`` there is one round, of the whole job, untimed.
    When a check fails, the row has no time.

    ``observe`` is told the job, the answer and the seconds of each round that counts, and says what
    else was measured in it: that is what is returned, a round an entry.
    """
    answers: list[tuple[Answers, float]] = []
    observed: list[Mapping[str, float]] = []

    def fresh() -> tuple[tuple[Job], dict[str, object]]:
        return (_made(setup),), {}

    def timed(job: Job) -> None:
        start = time.perf_counter()
        answer = run(job)
        answers.append((answer, time.perf_counter() - start))

    def judge(job: Job) -> None:
        answer, seconds = answers.pop()
        check(job, answer)
        if observe:
            observed.append(observe(job, answer, seconds))

    with only_own_garbage():
        job = _made(warm_up if warm_up and benchmark.enabled else setup)
        start = time.perf_counter()
        timed(job)
        seconds = time.perf_counter() - start
        judge(job)
        if benchmark.enabled:
            observed.clear()
            rounds = plan.rounds(seconds * scale)
            benchmark.pedantic(timed, setup=fresh, teardown=judge, rounds=rounds)
        else:
            benchmark.pedantic(lambda: None)  # or it would warn that nobody used it
    return observed


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
