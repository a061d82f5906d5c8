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
from typing import Any

from pytest_benchmark.fixture import BenchmarkFixture

from concurbench.aio import AioBenchmark
from concurbench.measure.cost import Costs

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


@dataclass
class Rounds:
    """The rounds of a model in a case of a workload, and what was observed in them."""

    workload: Any
    """A module with ``CASES``, ``job(case, resources)`` and ``check(job, answers)``, which raises
    AssertionError. It may also have ``metrics(job, answers, seconds)``."""
    run: Callable[..., Any]
    """The model."""
    case: Any
    resources: Any
    """What the workload makes its jobs with. A ``destination`` in it is emptied before each round."""
    workers: int
    budget: Budget = SESSION_BUDGET
    server: Any = None
    """The server that the model talks to, as in ``servers.Server``: it must have seen the right
    requests in each round."""
    requests: int = 1
    """How many requests an item of the case takes."""
    costs: Costs | None = None
    """Accounts for the timed rounds, and observes further, untimed ones."""
    observed: list[Mapping[str, float]] = field(default_factory=list)
    """The metrics of each timed round."""
    seen: list[Any] = field(default_factory=list)
    """What the server counted in each timed round."""

    def measure(self, benchmark: BenchmarkFixture) -> None:
        """Time the rounds.

        The first round, of the smallest case, is not timed: it warms up what lasts from round to round,
        and the number of rounds follows from its duration. With ``--benchmark-disable`` there is one
        round, of the whole case, untimed.

        Raises:
            AssertionError: an answer is wrong. The row then has no time.
        """
        with only_own_garbage():
            case = self._first_case(benchmark)
            job = self._prepare(case)
            self._time(job)
            if plan := self._plan(benchmark, job, case):
                benchmark.pedantic(self._time, **plan)
                for job, observed in self._observed():
                    with observed:
                        self._time(job)
            else:
                benchmark.pedantic(lambda: None)  # else it would warn that the fixture was not used

    async def measure_in_loop(self, benchmark: AioBenchmark) -> None:
        """The same for a model that is a coroutine: awaited, and timed, inside the running loop."""
        with only_own_garbage():
            case = self._first_case(benchmark)
            job = self._prepare(case)
            await self._time_in_loop(job)
            if plan := self._plan(benchmark, job, case):
                await benchmark.pedantic(self._time_in_loop, **plan)
                for job, observed in self._observed():
                    with observed:
                        await self._time_in_loop(job)
            else:
                await benchmark.pedantic(_nothing)

    def _time(self, job: Any) -> None:
        start = time.perf_counter()
        answers = self.run(job, workers=self.workers)
        self._finished = (answers, time.perf_counter() - start)

    async def _time_in_loop(self, job: Any) -> None:
        start = time.perf_counter()
        answers = await self.run(job, workers=self.workers)
        self._finished = (answers, time.perf_counter() - start)

    def _first_case(self, benchmark: BenchmarkFixture | AioBenchmark) -> Any:
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

    def _plan(self, benchmark: BenchmarkFixture | AioBenchmark, job: Any, case: Any) -> dict[str, Any]:
        """The arguments of ``pedantic``, once the answers of the first round have proven right; empty
        if nothing is to be timed."""
        seconds = self._judge(job, case)
        if not benchmark.enabled:
            return {}
        self.observed.clear()
        self.seen.clear()
        return {
            "setup": self._start,
            "teardown": self._stop,
            "rounds": self.budget.rounds(seconds * self.case.scale),
        }

    def _start(self) -> tuple[tuple[Any], dict[str, Any]]:
        """Prepare a timed round; the arguments for it."""
        job = self._prepare(self.case)
        if self.costs:
            self.costs.start()
        return (job,), {}

    def _stop(self, job: Any) -> None:
        if self.costs:
            self.costs.stop()
        self._judge(job, self.case)

    def _observed(self) -> Iterator[tuple[Any, contextlib.AbstractContextManager[None]]]:
        """The job of each untimed round to observe, and what to run it in."""
        if self.costs:
            for _ in range(self.costs.rounds_to_observe(self._finished[1])):
                job = self._prepare(self.case)
                yield job, self.costs.observed()
                self._judge(job, self.case, keep=False)

    def _judge(self, job: Any, case: Any, *, keep: bool = True) -> float:
        """The seconds of the finished round, once its answers have proven right; unless ``keep``, what
        was observed in it is not kept."""
        answers, seconds = self._finished
        seen = self.server and self.server.seen()
        self.workload.check(job, answers)
        if seen:
            seen.expect(served=self.requests * case.items, peak=self.workers)
            self.seen += [seen] * keep
        if keep and (metrics := getattr(self.workload, "metrics", None)):
            self.observed.append(metrics(job, answers, seconds))
        return seconds


async def _nothing() -> None: ...


@contextlib.contextmanager
def only_own_garbage() -> Iterator[None]:
    """The garbage collector looks at the objects of the rounds, not at the many of pytest."""
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()
