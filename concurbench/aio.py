"""``aio_benchmark``: pytest-benchmark for coroutines, timed inside the running event loop.

pytest-benchmark calls the function that it times. For a coroutine function, each call would have to run
an event loop, and starting a loop takes a thousand times as long as an ``await``. With this fixture the
test is a coroutine and awaits the measurement. The clock is read before and after each ``await``::

    async def test_parsing(aio_benchmark):
        assert await aio_benchmark(parse, "text") == ["text"]

It works in any project where concurbench is installed, or with ``pytest -p concurbench.aio``. It needs
a plugin that runs ``async def`` tests, such as pytest-asyncio, and works in any event loop. All
options, marks, tables, files and comparisons of pytest-benchmark apply but ``--benchmark-precision``.
"""

from __future__ import annotations

import cProfile
import functools
import gc
import inspect
import math
import sys
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Mapping, Sequence
from typing import Any, TypeVar

import pytest
from pytest_benchmark.fixture import BenchmarkFixture, FixtureAlreadyUsed, PauseInstrumentation

Result = TypeVar("Result")


class AioBenchmark:
    """The value of the fixture. A test calls it, or ``pedantic``, once and awaits the result.

    ``extra_info``, ``group`` and ``stats`` are those of the ``benchmark`` fixture.
    """

    def __init__(self, benchmark: BenchmarkFixture) -> None:
        self.benchmark = benchmark
        self.pending: tuple[Coroutine[Any, Any, Any], ...] = ()
        """The measurement that the test has not awaited yet, and what it awaits in turn."""

    @property
    def extra_info(self) -> dict[str, Any]:
        """Values to save with the benchmark."""
        info: dict[str, Any] = self.benchmark.extra_info
        return info

    @property
    def enabled(self) -> bool:
        """Whether anything is timed: False with ``--benchmark-disable`` and under pytest-xdist."""
        return not self.benchmark.disabled

    @property
    def stats(self) -> Any:
        """pytest-benchmark's statistics, after the measurement."""
        return self.benchmark.stats

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
        return self._once("aio_benchmark(...)", self._raw(function, args, kwargs))

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
        plan = Round(target, tuple(args), dict(kwargs or {}), setup, teardown)
        raw = self._raw_pedantic(plan, rounds, warmup_rounds, iterations)
        return self._once("aio_benchmark.pedantic(...)", raw)

    def _once(self, how: str, measurement: Coroutine[Any, Any, Result]) -> Awaitable[Result]:
        # At the call, not at the await: the fixture's teardown reports a measurement never awaited.
        if self.benchmark._mode:
            measurement.close()
            self.benchmark.has_error = True
            raise FixtureAlreadyUsed(
                f"Fixture can only be used once. Previously it was used in {self.benchmark._mode} mode."
            )
        self.benchmark._mode = how
        guarded = self._guarded(measurement)
        self.pending = guarded, measurement
        return guarded

    async def _guarded(self, measurement: Coroutine[Any, Any, Result]) -> Result:
        self.pending = ()
        try:
            return await measurement
        except BaseException:
            self.benchmark.has_error = True
            raise

    async def _raw(
        self, function: Callable[..., Awaitable[Result]], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Result:
        benchmark = self.benchmark
        call = bound(function, args, kwargs)
        if self.enabled:
            timed = self._slowed(call)

            async def time(iterations: int) -> float:
                seconds, _ = await self._round(timed, iterations)
                return seconds

            async def calibrate() -> tuple[float, int]:
                return await calibrated(benchmark, time)

            await self._measure(time, calibrate, rounds=None)
        await self._profile(call)
        return await call()

    async def _raw_pedantic(self, plan: Round, rounds: int, warmup_rounds: int, iterations: int) -> Any:
        for name, number, least in (
            ("iterations", iterations, 1),
            ("rounds", rounds, 1),
            ("warmup_rounds", warmup_rounds, 0),
        ):
            if not isinstance(number, int) or number < least:
                raise ValueError(f"{name} must be an integer of at least {least}, got {number!r}")
        if iterations > 1 and plan.setup:
            raise ValueError("iterations must be 1 with a setup, which prepares one call")
        result: Any = None
        if not self.enabled:
            args, kwargs = await plan.arguments()
            result = await plan.target(*args, **kwargs)
            await plan.end(args, kwargs)
            return result

        async def time(iterations: int) -> float:
            nonlocal result
            args, kwargs = await plan.arguments()
            call = self._slowed(bound(plan.target, args, kwargs))
            seconds, result = await self._round(call, iterations)
            await plan.end(args, kwargs)
            return seconds

        async def calibrate() -> tuple[float, int]:
            return 0.0, iterations

        for _ in range(warmup_rounds):
            await time(iterations)
        await self._measure(time, calibrate, rounds=rounds)
        if iterations > 1 or self.benchmark.cprofile:
            args, kwargs = await plan.arguments()
            call = bound(plan.target, args, kwargs)
            await self._profile(call)
            result = await call()
            await plan.end(args, kwargs)
        return result

    def _slowed(self, call: Callable[[], Awaitable[Any]]) -> Callable[[], Awaitable[Any]]:
        """The call, slower by what ``concurbench gate`` injects, if it injects a slow-down."""
        slowed = getattr(self.benchmark, "slowed_in_loop", None)
        return slowed(call) if slowed else call

    async def _round(
        self, call: Callable[[], Awaitable[Result]], iterations: int
    ) -> tuple[float, Result | None]:
        """Await ``iterations`` calls one after the other: their seconds, and a single call's result."""
        result = None
        timer, collecting = self.benchmark._timer, gc.isenabled()
        if self.benchmark._disable_gc:
            gc.disable()
        try:
            with PauseInstrumentation():
                if iterations == 1:
                    start = timer()
                    result = await call()
                    end = timer()
                else:
                    numbers = range(iterations)
                    start = timer()
                    for _ in numbers:
                        await call()
                    end = timer()
        finally:
            if collecting:
                gc.enable()
        return end - start, result

    async def _measure(
        self,
        time: Callable[[int], Awaitable[float]],
        calibrate: Callable[[], Awaitable[tuple[float, int]]],
        rounds: int | None,
    ) -> None:
        """Time ``rounds`` rounds, or as many as pytest-benchmark's options ask for."""
        benchmark = self.benchmark
        stepped = getattr(benchmark, "step_in_loop", None)
        if stepped is not None:  # ``concurbench gate`` decides how many rounds, and when
            await stepped(time, calibrate, rounds)
            return
        duration, iterations = await calibrate()
        if rounds is None:
            rounds = max(math.ceil(benchmark._max_time / duration), benchmark._min_rounds)
            rounds = min(rounds, sys.maxsize)
            if benchmark._warmup:
                for _ in range(min(rounds, max(1, int(benchmark._warmup / iterations)))):
                    await time(iterations)
        stats = benchmark._make_stats(iterations)
        for _ in range(rounds):
            stats.update(await time(iterations))

    async def _profile(self, call: Callable[[], Awaitable[Any]]) -> None:
        benchmark = self.benchmark
        if not (self.enabled and benchmark.cprofile and benchmark.stats):
            return
        loops = benchmark.cprofile_loops
        profile = cProfile.Profile()
        with PauseInstrumentation():
            for _ in range(benchmark.stats.iterations if loops is None else loops):
                with profile:
                    await call()
        benchmark._save_cprofile(profile)


class Round:
    """What ``pedantic`` runs in each round: the timed function, its setup and its teardown."""

    def __init__(
        self,
        target: Callable[..., Awaitable[Any]],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        setup: Callable[[], Any] | None,
        teardown: Callable[..., Any] | None,
    ) -> None:
        self.target = target
        self.args = args
        self.kwargs = kwargs
        self.setup = setup
        self.teardown = teardown

    async def arguments(self) -> tuple[Sequence[Any], Mapping[str, Any]]:
        """Run ``setup``: the arguments of the next round."""
        made = await _awaited(self.setup()) if self.setup else None
        if made and (self.args or self.kwargs):
            raise TypeError("Can't use `args` or `kwargs` if `setup` returns the arguments.")
        return made or (self.args, self.kwargs)

    async def end(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> None:
        """Run ``teardown``."""
        if self.teardown:
            await _awaited(self.teardown(*args, **kwargs))


def bound(
    function: Callable[..., Awaitable[Result]], args: Sequence[Any], kwargs: Mapping[str, Any]
) -> Callable[[], Awaitable[Result]]:
    """The function with its arguments; without any, the function itself, which is faster to call."""
    return functools.partial(function, *args, **kwargs) if args or kwargs else function


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
        duration = await time(loops)
        if benchmark._warmup:
            duration = await _warmed_up(benchmark, time, loops, duration)
        if duration >= enough:
            return duration, loops
        if duration >= enough_to_guess:
            loops = math.ceil(enough * loops / duration)
            if loops == 1:
                return duration, loops
        else:
            loops *= 10


async def _warmed_up(
    benchmark: BenchmarkFixture, time: Callable[[int], Awaitable[float]], loops: int, duration: float
) -> float:
    """The shortest round, in seconds, of a warm-up as long as the options ask for."""
    done, took = 0, 0.0
    while took < benchmark._max_time and done < benchmark._warmup:
        seconds = await time(loops)
        duration = min(duration, seconds)
        took += seconds
        done += loops
    return duration


async def _awaited(result: Any) -> Any:
    return await result if inspect.isawaitable(result) else result


@pytest.fixture
def aio_benchmark(request: pytest.FixtureRequest, benchmark: Any) -> Iterator[AioBenchmark]:
    """Time a coroutine function: ``await aio_benchmark(function, *args)``."""
    if not inspect.iscoroutinefunction(inspect.unwrap(request.function)):
        pytest.fail("aio_benchmark needs a test that is a coroutine: async def", pytrace=False)
    if benchmark._precision is not None:
        pytest.fail("aio_benchmark does not support --benchmark-precision: omit it", pytrace=False)
    fixture = AioBenchmark(benchmark)
    yield fixture
    if fixture.pending:
        for coroutine in fixture.pending:
            coroutine.close()
        benchmark.has_error = True
        pytest.fail(f"{benchmark._mode} was not awaited: nothing was measured", pytrace=False)
