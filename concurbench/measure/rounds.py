"""The rounds of one row: each starts from nothing, and each answer is checked outside the timing."""

from __future__ import annotations

import contextlib
import gc
import math
import shutil
import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, TypeVar

from pytest_benchmark.fixture import BenchmarkFixture

from concurbench.aio import AioBenchmark
from concurbench.measure.cost import Costs

T = TypeVar("T")

MAX_ROUNDS = 20

TURN = 0.02
"""Seconds of rounds in a turn, and at least one round: shorter turns would mostly show how a row starts
after another one."""

MIN_TURNS = 2
MAX_TURNS = 20

FAR = 1.5
"""How many times as long as those of the fastest row rounds may take for more than ``MIN_TURNS`` turns:
it takes little to tell that a row is slower, and the time is better spent on those that are close."""

LONG = 1.0
"""Seconds a round takes from which on a row takes no turns: the other rows would wait too long."""

LONGEST_WITHOUT = 3.0
"""Seconds of the longest round that is repeated without each part of its work."""


@dataclass(frozen=True)
class Budget:
    """How long to time a row in one session: ``seconds`` of rounds, and at least ``min_rounds``."""

    seconds: float
    min_rounds: int

    def rounds(self, seconds: float) -> int:
        """The number of rounds for a row with rounds of ``seconds``."""
        return max(self.min_rounds, min(MAX_ROUNDS, math.ceil(self.seconds / seconds)))

    def turns(self, seconds: float, rows: int) -> int:
        """The number of turns for a group of this many ``rows``; those that take all turns need
        ``seconds`` for one together."""
        return max(MIN_TURNS, min(MAX_TURNS, math.ceil(self.seconds * rows / seconds)))


SESSION_BUDGET = Budget(seconds=3.0, min_rounds=2)
"""For a session on its own; a single round would have no spread."""

PASS_BUDGET = Budget(seconds=0.2, min_rounds=1)
"""For one of several passes: the differences between passes count, not those between rounds."""


class Part(Protocol):
    """A part of the work of a model that a round can do without."""

    used: bool
    """Whether a round without it has shown that the model has this part."""

    def removed(self, job: Any) -> AbstractContextManager[None]:
        """A round of the job does without the part as long as this lasts."""

    def check(self, job: Any, answers: Any) -> None:
        """Raises AssertionError if an answer of such a round is wrong."""


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
    takes_turns: bool = False
    """Whether the row is visited again: then each visit has the rounds of one turn, unless they are
    long. The rows that take turns share one ``only_own_garbage``."""
    parts: Mapping[str, Part] = field(default_factory=dict)
    """What is removed in further rounds, one part at a time: name -> part."""
    without: dict[str, list[float]] = field(default_factory=dict)
    """Name of a part -> seconds of the round without it, in each visit."""
    observed: list[Mapping[str, float]] = field(default_factory=list)
    """The metrics of each timed round."""
    seen: list[Any] = field(default_factory=list)
    """What the server counted in each timed round."""
    once: Mapping[str, float] = field(default_factory=dict)
    """The metrics that are measured a single time, beside the rounds."""
    turns: list[int] = field(default_factory=list)
    """The number of timed rounds in each visit."""
    seconds: list[float] = field(default_factory=list)
    """The time of each timed round, measured around pytest-benchmark's timer."""

    def measure(self, benchmark: BenchmarkFixture) -> None:
        """Time the rounds of a visit.

        The first round, of the smallest case, is not timed: it warms up what lasts from round to round,
        and the number of rounds follows from its duration. Later visits do without. With
        ``--benchmark-disable`` there is one round, of the whole case, untimed.

        Raises:
            AssertionError: an answer is wrong. The row then has no time.
        """
        with self._only_own_garbage():
            if not self.seconds:
                case = self._first_case(benchmark)
                job = self._prepare(case)
                self._time(job)
                self._warmed_up(benchmark, job, case)
            if benchmark.enabled:
                benchmark.pedantic(self._time, **self._plan())
                for job in self._without():
                    self._time(job)
                for job, observed in self._observed():
                    with observed:
                        self._time(job)
            else:
                benchmark.pedantic(lambda: None)  # else it would warn that the fixture was not used

    async def measure_in_loop(self, benchmark: AioBenchmark) -> None:
        """The same for a model that is a coroutine: awaited, and timed, inside the running loop."""
        with self._only_own_garbage():
            if not self.seconds:
                case = self._first_case(benchmark)
                job = self._prepare(case)
                await self._time_in_loop(job)
                self._warmed_up(benchmark, job, case)
            if benchmark.enabled:
                await benchmark.pedantic(self._time_in_loop, **self._plan())
                for job in self._without():
                    await self._time_in_loop(job)
                for job, observed in self._observed():
                    with observed:
                        await self._time_in_loop(job)
            else:
                await benchmark.pedantic(_nothing)

    @property
    def a_round(self) -> float:
        """The seconds that a round takes, as far as is known."""
        return statistics.median(self.seconds) if self.seconds else self._expected

    @property
    def long(self) -> bool:
        """Whether its rounds are too long for turns."""
        return self.a_round >= LONG

    def _only_own_garbage(self) -> AbstractContextManager[None]:
        return contextlib.nullcontext() if self.takes_turns else only_own_garbage()

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

    def _warmed_up(self, benchmark: BenchmarkFixture | AioBenchmark, job: Any, case: Any) -> None:
        """The round that is not timed is over, and its answers must be right."""
        self._expected = self._judge(job, case) * self.case.scale
        if benchmark.enabled:
            for kept in (self.observed, self.seen, self.seconds):
                kept.clear()

    def _plan(self) -> dict[str, Any]:
        """The arguments of ``pedantic``."""
        rounds = self.budget.rounds(self.a_round)
        if self.takes_turns and not self.long:
            rounds = max(1, min(MAX_ROUNDS, math.ceil(TURN / self.a_round)))
        self.turns.append(rounds)
        return {
            "setup": self._start,
            "teardown": self._stop,
            "rounds": rounds,
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
        """The job of each untimed round to observe, and what to run it in: in the first visit."""
        if self.costs and len(self.turns) == 1:
            for _ in range(self.costs.rounds_to_observe(self.a_round)):
                job = self._prepare(self.case)
                yield job, self.costs.observed()
                self._judge(job, self.case, keep=False)

    def _without(self) -> Iterator[Any]:
        """The job of a round without each of the parts, in another order in each visit. A smaller round
        comes before the first one of a part: it warms up the code that takes the part's place."""
        if not self.parts or self.a_round > LONGEST_WITHOUT:
            return
        for name in in_turn([*self.parts], len(self.turns)):
            part, cases = self.parts[name], [self.case]
            if name not in self.without:
                cases.insert(0, next(iter(self.workload.CASES.values())))
            for case in cases:
                job = self._prepare(case)
                with part.removed(job):
                    yield job
                answers, seconds = self._finished
                part.check(job, answers)
            if part.used:
                self.without.setdefault(name, []).append(seconds)

    def _judge(self, job: Any, case: Any, *, keep: bool = True) -> float:
        """The seconds of the finished round, once its answers have proven right; unless ``keep``, what
        was observed in it is not kept."""
        answers, seconds = self._finished
        seen = self.server and self.server.seen()
        self.workload.check(job, answers)
        if seen:
            seen.expect(served=self.requests * case.items, peak=self.workers)
        if keep:
            if seen:
                self.seen.append(seen)
            if metrics := getattr(self.workload, "metrics", None):
                self.observed.append(metrics(job, answers, seconds))
            self.seconds.append(seconds)
        return seconds


def in_turn(members: Sequence[T], turn: int) -> list[T]:
    """The members in the order of this turn, which counts from 1."""
    first = (turn - 1) % len(members)
    order = [*members[first:], *members[:first]]
    return order if turn % 2 else order[::-1]


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
