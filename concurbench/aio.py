"""``aio_benchmark``: pytest-benchmark for coroutines, timed inside the running event loop.

pytest-benchmark calls the function that it times. For a coroutine function, each call would have to run
an event loop, and starting a loop takes a thousand times as long as an ``await``. With this fixture the
test is a coroutine and awaits the measurement. The clock is read before and after each ``await``::

    async def test_parsing(aio_benchmark):
        assert await aio_benchmark(parse, "text") == ["text"]

It works in any project where concurbench is installed, or with ``pytest -p concurbench.aio``. It needs
a plugin that runs ``async def`` tests, such as pytest-asyncio, and works in any event loop. All
options, marks, tables, files and comparisons of pytest-benchmark apply but ``--benchmark-precision``
and ``--benchmark-cprofile``.
"""

from __future__ import annotations

import functools
import gc
import inspect
import math
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import pytest
from pytest_benchmark.fixture import BenchmarkFixture, FixtureAlreadyUsed, PauseInstrumentation

Result = TypeVar("Result")


class AioBenchmark:
    """The value of the fixture. A test calls it, or ``pedantic``, once and awaits the result.

    ``extra_info``, ``fullname``, ``group`` and ``stats`` are those of the ``benchmark`` fixture.
    """

    def __init__(self, benchmark: BenchmarkFixture) -> None:
        self.benchmark = benchmark
        self.extra_info: dict[str, Any] = benchmark.extra_info
        """Values to save with the benchmark."""
        self.enabled = not benchmark.disabled
        """Whether anything is timed: False with ``--benchmark-disable`` and under pytest-xdist."""
        self.pending: Coroutine[Any, Any, Any] | None = None
        """The measurement that the test has not awaited yet."""

    @property
    def stats(self) -> Any:
        """pytest-benchmark's statistics, after the measurement."""
        return self.benchmark.stats

    @property
    def fullname(self) -> str:
        """The id of the test."""
        fullname: str = self.benchmark.fullname
        return fullname

    @property
    def group(self) -> str | None:
        """The table in which the benchmark is shown."""
        group: str | None = self.benchmark.group
        return group

    @group.setter
    def group(self, group: str | None) -> None:
        self.benchmark.group = group

    def __call__(
        self, function: Callable[..., Awaitable[Result]], *args: Any, **kwargs: Any
    ) -> Awaitable[Result]:
        """Time ``await function(*args, **kwargs)``; return the result of one more, untimed call.

        The number of rounds, and of calls in each, follows from ``--benchmark-min-time``,
        ``--benchmark-max-time`` and ``--benchmark-min-rounds``, as it does for ``benchmark``.

        Raises:
            FixtureAlreadyUsed: the test has already measured something.
            TypeError: the function does not return an awaitable.
        """
        return self._once("aio_benchmark(...)", Plan(function, args, kwargs))

    def pedantic(
        self,
        target: Callable[..., Awaitable[Result]],
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
        setup: Callable[[], Any] | None = None,
        teardown: Callable[..., Any] | None = None,
        rounds: int = 1,
        warmup_rounds: int = 0,
        iterations: int = 1,
    ) -> Awaitable[Result]:
        """Time ``rounds`` rounds of ``iterations`` calls each, as ``benchmark.pedantic`` does.

        ``setup`` runs before each round and ``teardown`` after it, untimed; both may be coroutine
        functions. Returns the result of the last timed call, or of one more, untimed call if there are
        several ``iterations``.

        Raises:
            FixtureAlreadyUsed: the test has already measured something.
            ValueError: a number is out of range, or there are several iterations with a ``setup``.
            TypeError: ``setup`` returns arguments, and ``args`` or ``kwargs`` are given, too.
        """
        plan = Plan(target, args, kwargs or {}, setup, teardown, rounds, warmup_rounds, iterations)
        return self._once("aio_benchmark.pedantic(...)", plan)

    def _once(self, how: str, plan: Plan) -> Awaitable[Any]:
        # At the call, not at the await: the fixture's teardown reports a measurement never awaited.
        if self.benchmark._mode:
            self.benchmark.has_error = True
            raise FixtureAlreadyUsed(
                f"Fixture can only be used once. Previously it was used in {self.benchmark._mode} mode."
            )
        self.benchmark._mode = how
        self.pending = self._measured(plan)
        return self.pending

    async def _measured(self, plan: Plan) -> Any:
        self.pending = None
        try:
            plan.check()
            if self.enabled:
                result = await self._measure(plan)
                if plan.iterations == 1:
                    return result
            args, kwargs = await plan.arguments()
            result = await plan.target(*args, **kwargs)
            await plan.end(args, kwargs)
        except BaseException:
            self.benchmark.has_error = True
            raise
        return result

    async def _measure(self, plan: Plan) -> Any:
        """Time the rounds; return the result of the last timed call."""
        benchmark = self.benchmark
        result: Any = None

        async def time(iterations: int) -> float:
            nonlocal result
            args, kwargs = await plan.arguments()
            call = plan.call(args, kwargs)
            # ``concurbench gate`` may inject a slow-down.
            slowed = getattr(benchmark, "slowed_in_loop", None)
            seconds, result = await self._round(slowed(call) if slowed else call, iterations)
            await plan.end(args, kwargs)
            return seconds

        async def calibrate() -> tuple[float, int]:
            return (0.0, plan.iterations) if plan.iterations else await calibrated(benchmark, time)

        for _ in range(plan.warmup_rounds):
            await time(plan.iterations or 1)
        stepped = getattr(benchmark, "step_in_loop", None)
        if stepped is not None:  # ``concurbench gate`` decides how many rounds, and when
            await stepped(time, calibrate, plan.rounds)
            return result
        duration, calls = await calibrate()
        rounds = plan.rounds
        if rounds is None:
            rounds = max(math.ceil(benchmark._max_time / duration), benchmark._min_rounds)
            if benchmark._warmup:
                for _ in range(min(rounds, max(1, int(benchmark._warmup / calls)))):
                    await time(calls)
        stats = benchmark._make_stats(calls)
        for _ in range(rounds):
            stats.update(await time(calls))
        return result

    async def _round(self, call: Callable[[], Awaitable[Any]], iterations: int) -> tuple[float, Any]:
        """Await ``iterations`` calls one after the other: their seconds, and the last one's result."""
        result = None
        timer, collecting, numbers = self.benchmark._timer, gc.isenabled(), range(iterations)
        if self.benchmark._disable_gc:
            gc.disable()
        try:
            with PauseInstrumentation():
                start = timer()
                for _ in numbers:
                    result = await call()
                end = timer()
        finally:
            if collecting:
                gc.enable()
        return end - start, result


@dataclass(frozen=True)
class Plan:
    """What each round runs, and how often. The options decide on numbers that are None."""

    target: Callable[..., Awaitable[Any]]
    args: Sequence[Any]
    kwargs: Mapping[str, Any]
    setup: Callable[[], Any] | None = None
    teardown: Callable[..., Any] | None = None
    rounds: int | None = None
    warmup_rounds: int = 0
    iterations: int | None = None

    def check(self) -> None:
        """Raise ValueError if a number is out of range, or unfit for a ``setup``."""
        for name, least in (("iterations", 1), ("rounds", 1), ("warmup_rounds", 0)):
            number = getattr(self, name)
            if number is not None and (not isinstance(number, int) or number < least):
                raise ValueError(f"{name} must be an integer of at least {least}, got {number!r}")
        if self.setup and self.iterations != 1:
            raise ValueError("iterations must be 1 with a setup, which prepares one call")

    async def arguments(self) -> tuple[Sequence[Any], Mapping[str, Any]]:
        """Run ``setup``: the arguments of the next round."""
        made = await _awaited(self.setup()) if self.setup else None
        if made and (self.args or self.kwargs):
            raise TypeError("Can't use `args` or `kwargs` if `setup` returns the arguments.")
        return made or (self.args, self.kwargs)

    def call(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Callable[[], Awaitable[Any]]:
        """The target with its arguments; without any, the target itself, which is faster to call."""
        return functools.partial(self.target, *args, **kwargs) if args or kwargs else self.target

    async def end(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> None:
        """Run ``teardown``."""
        if self.teardown:
            await _awaited(self.teardown(*args, **kwargs))


async def calibrated(
    benchmark: BenchmarkFixture, time: Callable[[int], Awaitable[float]]
) -> tuple[float, int]:
    """The seconds of a round, and the number of calls in it.

    The same algorithm as pytest-benchmark's ``_calibrate_timer``, which cannot await.
    """
    precision = benchmark._get_precision(benchmark._timer) * benchmark._calibration_precision
    enough = max(benchmark._min_time, precision)
    enough_to_guess = enough * 5 / benchmark._calibration_precision
    loops = 1
    while True:
        duration, warmed_up, took = await time(loops), 0, 0.0
        while warmed_up < benchmark._warmup and took < benchmark._max_time:
            seconds = await time(loops)
            duration = min(duration, seconds)
            warmed_up += loops
            took += seconds
        if duration >= enough:
            return duration, loops
        if duration >= enough_to_guess:
            loops = math.ceil(enough * loops / duration)
            if loops == 1:
                return duration, loops
        else:
            loops *= 10


async def _awaited(result: Any) -> Any:
    return await result if inspect.isawaitable(result) else result


@pytest.fixture
def aio_benchmark(request: pytest.FixtureRequest, benchmark: Any) -> Iterator[AioBenchmark]:
    """Time a coroutine function: ``await aio_benchmark(function, *args)``."""
    if not inspect.iscoroutinefunction(inspect.unwrap(request.function)):
        pytest.fail("aio_benchmark needs a test that is a coroutine: async def", pytrace=False)
    for option, given in {"precision": benchmark._precision, "cprofile": benchmark.cprofile}.items():
        if given:
            pytest.fail(f"aio_benchmark does not support --benchmark-{option}: omit it", pytrace=False)
    fixture = AioBenchmark(benchmark)
    yield fixture
    if fixture.pending:
        fixture.pending.close()
        benchmark.has_error = True
        pytest.fail(f"{benchmark._mode} was not awaited: nothing was measured", pytrace=False)
