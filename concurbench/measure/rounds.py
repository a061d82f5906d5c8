"""The rounds of one row: each starts from nothing, and each answer is checked outside the timing."""

from __future__ import annotations

import contextlib
import gc
import math
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from pytest_benchmark.fixture import BenchmarkFixture

from concurbench.aio import AioBenchmark

MAX_ROUNDS = 20


@dataclass(frozen=True)
class Budget:
    """How long to time a row in one session: ``seconds`` of rounds, and at least ``min_rounds``."""

    seconds: float
    min_rounds: int

    def rounds(self, seconds: float) -> int:
        """The number of rounds for a row with rounds of ``seconds``."""
        return max(self.min_rounds, min(MAX_ROUNDS, math.ceil(self.seconds / seconds)))


SESSION_BUDGET = Budget(seconds=3.0, min_rounds=2)
"""For a session on its own; a single round would have no spread."""

PASS_BUDGET = Budget(seconds=0.2, min_rounds=1)
"""For one of several passes: the differences between passes count, not those between rounds."""


class Workload(Protocol):
    """What a workload offers. It may also offer ``METRICS`` and ``metrics(job, answers, seconds)``."""

    QUESTION: str
    CASES: Mapping[str, Any]
    """Name -> case, the smallest first. A case has ``items`` and ``scale``."""

    def job(self, case: Any, resources: Any) -> Any:
        """The job of a case."""

    def check(self, job: Any, answers: Any) -> None:
        """Raises AssertionError for wrong answers."""


class Seen(Protocol):
    """What a server counted since it was last reset."""

    @property
    def served(self) -> int: ...
    @property
    def peak(self) -> int: ...
    @property
    def cpu_seconds(self) -> float | None: ...

    def expect(self, *, served: int, peak: int) -> None:
        """Raises AssertionError for another number of requests, or more of them in flight at once."""


class Server(Protocol):
    """A server whose clients are measured."""

    @property
    def delay(self) -> float:
        """Seconds that it waits before each response."""

    def reset(self) -> None:
        """Forget what was counted."""

    def seen(self) -> Seen:
        """What was counted since the last reset."""


@dataclass
class Rounds:
    """The rounds of a model in a case of a workload, and what was observed in them."""

    workload: Workload
    run: Callable[..., Any]
    """The model."""
    case: Any
    resources: Any
    """What the workload makes its jobs with. A ``destination`` in it is emptied before each round."""
    workers: int
    budget: Budget = SESSION_BUDGET
    server: Server | None = None
    """The server that the model talks to: it must have seen the right requests in each round."""
    requests: int = 1
    """How many requests an item of the case takes."""
    observed: list[Mapping[str, float]] = field(default_factory=list)
    """The metrics of each timed round."""
    seen: list[Seen] = field(default_factory=list)
    """What the server counted in each timed round."""

    def measure(self, benchmark: BenchmarkFixture) -> None:
        """Time the rounds.

        The first round, of the smallest case, is not timed: it warms up what lasts from round to round,
        and the number of rounds follows from its duration. With ``--benchmark-disable`` there is one
        round, of the whole case, untimed.

        Raises:
            AssertionError: an answer is wrong. The row then has no time.
        """

        def timed(job: Any) -> None:
            start = time.perf_counter()
            answers = self.run(job, workers=self.workers)
            self._finished = (answers, time.perf_counter() - start)

        with only_own_garbage():
            job = self._prepare(self._first(benchmark))
            timed(job)
            seconds = self._judge(job, self._first(benchmark))
            if benchmark.enabled:
                number = self._number(seconds)
                benchmark.pedantic(timed, setup=self._setup, teardown=self._judge, rounds=number)
            else:
                benchmark.pedantic(lambda: None)  # else it would warn that the fixture was not used

    async def measure_in_loop(self, benchmark: AioBenchmark) -> None:
        """The same for a model that is a coroutine: awaited, and timed, inside the running loop."""

        async def timed(job: Any) -> None:
            start = time.perf_counter()
            answers = await self.run(job, workers=self.workers)
            self._finished = (answers, time.perf_counter() - start)

        async def nothing() -> None: ...

        with only_own_garbage():
            job = self._prepare(self._first(benchmark))
            await timed(job)
            seconds = self._judge(job, self._first(benchmark))
            if benchmark.enabled:
                number = self._number(seconds)
                await benchmark.pedantic(timed, setup=self._setup, teardown=self._judge, rounds=number)
            else:
                await benchmark.pedantic(nothing)

    def _first(self, benchmark: BenchmarkFixture | AioBenchmark) -> Any:
        return next(iter(self.workload.CASES.values())) if benchmark.enabled else self.case

    def _prepare(self, case: Any) -> Any:
        destination: Path | None = getattr(self.resources, "destination", None)
        if destination is not None:
            shutil.rmtree(destination, ignore_errors=True)
            destination.mkdir()
        if self.server is not None:
            self.server.reset()
        job = self.workload.job(case, self.resources)
        gc.collect()  # no round pays for the garbage of the one before
        return job

    def _setup(self) -> tuple[tuple[Any], dict[str, object]]:
        return (self._prepare(self.case),), {}

    def _judge(self, job: Any, case: Any = None) -> float:
        """The seconds of the finished round, once its answers have proven right."""
        answers, seconds = self._finished
        seen = self.server.seen() if self.server else None
        self.workload.check(job, answers)
        if seen is not None:
            items = (case or self.case).items
            seen.expect(served=self.requests * items, peak=self.workers)
            self.seen.append(seen)
        if metrics := getattr(self.workload, "metrics", None):
            self.observed.append(metrics(job, answers, seconds))
        return seconds

    def _number(self, first: float) -> int:
        """How many rounds to time after a first one of the smallest case, whose results are dropped."""
        self.observed.clear()
        self.seen.clear()
        return self.budget.rounds(first * self.case.scale)


@contextlib.contextmanager
def only_own_garbage() -> Iterator[None]:
    """The garbage collector looks at the objects of the rounds, not at the many of pytest."""
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()
