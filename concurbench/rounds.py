"""The rounds of one row: each from nothing, each answer checked, outside the timing."""

from __future__ import annotations

import contextlib
import gc
import math
import time
from collections.abc import Callable, Iterator
from typing import TypeVar

from pytest_benchmark.fixture import BenchmarkFixture

BUDGET = 3.0
"""Seconds of timed rounds a row gets unless it is said, as far as the two bounds below allow."""

FEWEST, MOST = 2, 20

Job = TypeVar("Job")
Answers = TypeVar("Answers")


def planned(seconds: float, budget: float = BUDGET) -> int:
    """How many rounds a row gets whose untimed round took so many seconds."""
    return max(FEWEST, min(MOST, math.ceil(budget / seconds)))


def measure(
    benchmark: BenchmarkFixture,
    run: Callable[[Job], Answers],
    *,
    setup: Callable[[], Job],
    check: Callable[[Job, Answers], None],
    budget: float = BUDGET,
) -> None:
    """Time ``run`` in rounds; ``setup`` makes each round's job, ``check`` judges its answer.

    A first round is not timed: it warms up what lasts from round to round, and its duration sets how
    many rounds follow. With ``--benchmark-disable`` it is the only one. When a check fails, the row
    has no time.
    """
    answers: list[Answers] = []

    def fresh() -> tuple[tuple[Job], dict[str, object]]:
        job = setup()
        gc.collect()  # no round pays for the garbage of the one before
        return (job,), {}

    def timed(job: Job) -> None:
        answers.append(run(job))

    def judge(job: Job) -> None:
        check(job, answers.pop())

    with only_own_garbage():
        (job,), _ = fresh()
        start = time.perf_counter()
        timed(job)
        seconds = time.perf_counter() - start
        judge(job)
        if benchmark.enabled:
            benchmark.pedantic(timed, setup=fresh, teardown=judge, rounds=planned(seconds, budget))
        else:
            benchmark.pedantic(lambda: None)  # or it would warn that nobody used it


@contextlib.contextmanager
def only_own_garbage() -> Iterator[None]:
    """The garbage collector looks at the objects of the rounds, not at the many of pytest."""
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()
