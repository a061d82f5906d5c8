"""``aio_benchmark``: pytest-benchmark for coroutines, timed inside the running loop.

pytest-benchmark calls what it times, so a coroutine would have to be run to its end each time, and
starting a loop costs a thousand times what an ``await`` does. Here a test that is itself a coroutine
awaits the measurement, and the clock is read in it, on both sides of the ``await``::

    async def test_parsing(aio_benchmark):
        assert await aio_benchmark(parse, "text") == ["text"]

Usable in any project: ``pytest -p concurbench.aio``, or by itself where concurbench is installed. It
needs pytest-benchmark, whose options, marks, tables, files and comparisons apply, and something that
runs ``async def`` tests: pytest-asyncio, or any other, for nothing here belongs to one kind of loop.
"""

from __future__ import annotations

import cProfile
import functools
import gc
import inspect
import math
import statistics
import sys
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Mapping, Sequence
from typing import Any, TypeVar

import pytest
from pytest_benchmark.fixture import BenchmarkFixture, FixtureAlreadyUsed, PauseInstrumentation

Result = TypeVar("Result")


class AioBenchmark:
    """What the fixture gives to a test: to be called, and awaited, once.

    Everything else of the row is the ``benchmark`` fixture's: ``extra_info``, ``group``, ``stats``.
    """

    def __init__(self, benchmark: BenchmarkFixture) -> None:
        self.benchmark = benchmark
        self.pending: tuple[Coroutine[Any, Any, Any], ...] = ()
        """What is to be awaited, as long as nobody has."""

    @property
    def extra_info(self) -> dict[str, Any]:
        """What is saved with the row."""
        info: dict[str, Any] = self.benchmark.extra_info
        return info

    @property
    def enabled(self) -> bool:
        """Whether anything is timed: not with ``--benchmark-disable``, nor under pytest-xdist."""
        return not self.benchmark.disabled

    @property
    def stats(self) -> Any:
        """pytest-benchmark's, once it has been awaited."""
        return self.benchmark.stats

    @property
    def group(self) -> str | None:
        """The table that the row stands in."""
        group: str | None = self.benchmark.group
        return group

    @group.setter
    def group(self, group: str | None) -> None:
        self.benchmark.group = group

    def __call__(
        self, function: Callable[..., Awaitable[Result]], *args: Any, **kwargs: Any
    ) -> Awaitable[Result]:
        """Time ``await function(*args, **kwargs)``; what one call more, untimed, returns.

        As many calls make a round, and as many rounds are timed, as ``benchmark`` would have: after
        calibration, by ``--benchmark-min-time``, ``-max-time``, ``-min-rounds`` and the rest.

        Raises:
            FixtureAlreadyUsed: the test has measured something before.
            TypeError: the function returns nothing that can be awaited.
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
        """Time so many rounds, as ``benchmark.pedantic`` does; ``setup`` and ``teardown``, plain
        functions or coroutines, surround each.

        Returns what the last timed call returned; where a round has several ``iterations``, what one
        call more, untimed, returns.

        Raises:
            FixtureAlreadyUsed: the test has measured something before.
            ValueError: a number that is none, or several iterations with a ``setup``.
            TypeError: there are arguments, and ``setup`` returns others.
        """
        given = Given(target, tuple(args), dict(kwargs or {}), setup, teardown)
        raw = self._raw_pedantic(given, rounds, warmup_rounds, iterations)
        return self._once("aio_benchmark.pedantic(...)", raw)

    def _once(self, how: str, measurement: Coroutine[Any, Any, Result]) -> Awaitable[Result]:
        # At the call, not at the await: whoever forgets to await hears of it at the test's end.
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

    async def _raw_pedantic(
        self, given: Given, rounds: int, warmup_rounds: int, iterations: int
    ) -> Any:
        for name, number, least in (
            ("iterations", iterations, 1),
            ("rounds", rounds, 1),
            ("warmup_rounds", warmup_rounds, 0),
        ):
            if not isinstance(number, int) or number < least:
                raise ValueError(f"{name} must be a whole number from {least}, not {number!r}")
        if iterations > 1 and given.setup:
            raise ValueError("several iterations cannot share what one setup has made")
        result: Any = None
        if not self.enabled:
            args, kwargs = await given.arguments()
            result = await given.target(*args, **kwargs)
            await given.end(args, kwargs)
            return result

        async def time(iterations: int) -> float:
            nonlocal result
            args, kwargs = await given.arguments()
            call = self._slowed(bound(given.target, args, kwargs))
            seconds, result = await self._round(call, iterations)
            await given.end(args, kwargs)
            return seconds

        async def calibrate() -> tuple[float, int]:
            return 0.0, iterations

        for _ in range(warmup_rounds):
            await time(iterations)
        await self._measure(time, calibrate, rounds=rounds)
        if iterations > 1 or self.benchmark.cprofile:
            args, kwargs = await given.arguments()
            call = bound(given.target, args, kwargs)
            await self._profile(call)
            result = await call()
            await given.end(args, kwargs)
        return result

    def _slowed(self, call: Callable[[], Awaitable[Any]]) -> Callable[[], Awaitable[Any]]:
        """The call with what the gate has planted, where it plants something to be found."""
        slowed = getattr(self.benchmark, "slowed_in_loop", None)
        return slowed(call) if slowed else call

    async def _round(
        self, call: Callable[[], Awaitable[Result]], iterations: int
    ) -> tuple[float, Result | None]:
        """The seconds that so many calls take, one awaited after the other; what a single one
        returned."""
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
        """Time the rounds, as many as ``rounds`` or else pytest-benchmark's options say."""
        benchmark = self.benchmark
        stepped = getattr(benchmark, "step_in_loop", None)
        if stepped is not None:  # by the gate, which says how many, and when
            await stepped(time, calibrate, rounds)
            return
        duration, iterations = await calibrate()
        precise = None
        if rounds is None:
            rounds = max(math.ceil(benchmark._max_time / duration), benchmark._min_rounds)
            rounds = min(rounds, sys.maxsize)
            if benchmark._warmup:
                for _ in range(min(rounds, max(1, int(benchmark._warmup / iterations)))):
                    await time(iterations)
            if benchmark._precision is not None:
                precise = Precise(benchmark._precision, benchmark._confidence, benchmark._min_rounds)
        stats = benchmark._make_stats(iterations)
        for _ in range(rounds):
            seconds = await time(iterations)
            stats.update(seconds)
            if precise is not None and precise.reached(seconds):
                break

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


class Given:
    """What ``pedantic`` is given: what is timed in each round, and what surrounds it."""

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
        """Those of the next round."""
        made = await _awaited(self.setup()) if self.setup else None
        if made and (self.args or self.kwargs):
            raise TypeError("Can't use `args` or `kwargs` if `setup` returns the arguments.")
        return made or (self.args, self.kwargs)

    async def end(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> None:
        """Put away what the round has left."""
        if self.teardown:
            await _awaited(self.teardown(*args, **kwargs))


def bound(
    function: Callable[..., Awaitable[Result]], args: Sequence[Any], kwargs: Mapping[str, Any]
) -> Callable[[], Awaitable[Result]]:
    """The function with its arguments; itself where it has none, for that is what it costs least."""
    return functools.partial(function, *args, **kwargs) if args or kwargs else function


class Precise:
    """Whether the mean is known well enough: pytest-benchmark's ``--benchmark-precision``."""

    def __init__(self, precision: float, confidence: float, fewest: int) -> None:
        self._precision = precision
        self._z = statistics.NormalDist().inv_cdf(0.5 + confidence / 2)
        self._fewest = max(fewest, 2)
        self._count = 0
        self._mean = self._squares = 0.0

    def reached(self, seconds: float) -> bool:
        """Whether it is, after one more round."""
        # Welford's algorithm, as pytest-benchmark has it.
        self._count += 1
        delta = seconds - self._mean
        self._mean += delta / self._count
        self._squares += delta * (seconds - self._mean)
        if self._count < self._fewest or self._mean <= 0:
            return False
        error = math.sqrt(self._squares / (self._count - 1) / self._count)
        return self._z * error / self._mean <= self._precision


async def calibrated(
    benchmark: BenchmarkFixture, time: Callable[[int], Awaitable[float]]
) -> tuple[float, int]:
    """The seconds of a round, and how many calls make one: what pytest-benchmark's own
    ``_calibrate_timer`` finds, which cannot await.
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
    """The least time of a round, once so many calls are done as the options want for a warm-up."""
    done, took = 0, 0.0
    while took < benchmark._max_time and done < benchmark._warmup:
        seconds = await time(loops)
        duration = min(duration, seconds)
        took += seconds
        done += loops
    return duration


async def _awaited(made: Any) -> Any:
    return await made if inspect.isawaitable(made) else made


@pytest.fixture
def aio_benchmark(request: pytest.FixtureRequest, benchmark: Any) -> Iterator[AioBenchmark]:
    """``await aio_benchmark(async_function, *args)`` times it inside the running loop."""
    if not inspect.iscoroutinefunction(inspect.unwrap(request.function)):
        pytest.fail("aio_benchmark is for tests that are coroutines: async def", pytrace=False)
    here = AioBenchmark(benchmark)
    yield here
    if here.pending:
        for each in here.pending:
            each.close()
        benchmark.has_error = True
        pytest.fail(f"{benchmark._mode} was not awaited: nothing was measured", pytrace=False)
