"""pytest-benchmark's fixture with its rounds on command.

How a round is timed, its setup and teardown, calibration and what the test gets back stay as
pytest-benchmark has them. Only how many rounds there are, and when each runs, comes from outside.
pytest-benchmark's fixture and its check of the fixture's class look up one global name, which is
replaced here.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Awaitable, Callable, Generator, Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .stepped import Stepped


def replace_fixture(stepped: Stepped) -> None:
    """Make pytest-benchmark use the stepped fixture in this process."""
    from pytest_benchmark import fixture, plugin

    plugin.BenchmarkFixture = stepped_fixture(fixture.BenchmarkFixture, stepped)  # type: ignore[attr-defined]  # not re-exported


@contextlib.contextmanager
def undisturbed() -> Iterator[None]:
    """Switch off the tracer and the profiler, as pytest-benchmark does."""
    tracer, profiler = sys.gettrace(), sys.getprofile()
    sys.settrace(None)
    sys.setprofile(None)
    try:
        yield
    finally:
        sys.settrace(tracer)
        sys.setprofile(profiler)


def moved(core: int) -> None:
    """Move this thread to a core, by its index among the usable ones, without binding it there."""
    if hasattr(os, "sched_setaffinity"):
        allowed = os.sched_getaffinity(0)
        os.sched_setaffinity(0, {sorted(allowed)[core % len(allowed)]})
        os.sched_setaffinity(0, allowed)


def _slow_down(
    start: float, took: float, share: float, timer: Callable[[], float], bare: list[float]
) -> None:
    """Keep the CPU busy until a call that began at ``start`` has taken longer by its share."""
    bare.append(took)
    end = start + took * (1 + share)
    while timer() < end:
        pass


def slowed(
    function: Callable[..., Any], share: float, timer: Callable[[], float], bare: list[float]
) -> Callable[..., Any]:
    """The function, slowed down by a share of its own time; ``bare`` collects that time, in seconds."""

    def slower(*args: Any, **kwargs: Any) -> Any:
        start = timer()
        try:
            return function(*args, **kwargs)
        finally:
            _slow_down(start, timer() - start, share, timer, bare)

    return slower


def slowed_in_loop(
    call: Callable[[], Awaitable[Any]], share: float, timer: Callable[[], float], bare: list[float]
) -> Callable[[], Awaitable[Any]]:
    """The same for a coroutine function."""

    async def slower() -> Any:
        start = timer()
        try:
            return await call()
        finally:
            _slow_down(start, timer() - start, share, timer, bare)

    return slower


CALIBRATE = 0
"""Requested in place of a number of iterations."""


def obey(
    steps: Generator[int, Any, None], time: Callable[[int], float], calibrate: Callable[[], int]
) -> None:
    """Answer the requests of ``steps`` until it ends."""
    answer: float | None = None
    with contextlib.suppress(StopIteration):
        while True:
            asked = steps.send(answer)
            answer = calibrate() if asked == CALIBRATE else time(asked)


def stepped_fixture(base: type[Any], stepped: Stepped) -> type[Any]:
    """A subclass of pytest-benchmark's fixture that runs a round when it is asked for one."""

    class SteppedFixture(base):  # type: ignore[misc]  # pytest-benchmark is not typed
        def _make_runner(self, function: Any, args: Any, kwargs: Any) -> Any:
            share = stepped.slower.get(self.fullname)
            if share:
                function = slowed(function, share, self._timer, self._bare)
            return super()._make_runner(function, args, kwargs)

        def _raw(self, function: Any, *args: Any, **kwargs: Any) -> Any:
            self._bare: list[float] = []
            runner = self._make_runner(function, args, kwargs)

            def time(iterations: int) -> float:
                with undisturbed():
                    seconds: float = runner(range(iterations))
                return seconds

            def calibrate() -> int:
                with undisturbed():
                    iterations: int = self._calibrate_timer(runner)[1]
                return iterations

            obey(self._step(rounds=None), time, calibrate)
            return function(*args, **kwargs)

        def _raw_pedantic(
            self, target: Any, args: Any = (), kwargs: Any = None, setup: Any = None,
            teardown: Any = None, rounds: int = 1, warmup_rounds: int = 0, iterations: int = 1,
        ) -> Any:  # fmt: skip
            numbers = (rounds, warmup_rounds, iterations)
            valid = all(isinstance(number, int) for number in numbers) and min(rounds, iterations) > 0
            if not valid or warmup_rounds < 0 or (iterations > 1 and setup):
                # An error of the suite: pytest-benchmark reports it.
                wrong = {"rounds": rounds, "warmup_rounds": warmup_rounds, "iterations": iterations}
                return super()._raw_pedantic(target, args, kwargs, setup=setup, **wrong)
            self._bare = []
            result: Any = None

            def arguments() -> tuple[Any, Any]:
                made = setup() if setup else None
                if made and (args or kwargs):
                    raise TypeError("Can't use `args` or `kwargs` if `setup` returns the arguments.")
                return made or (args, kwargs or {})

            def time(iterations: int) -> float:
                nonlocal result
                given = arguments()
                runner = self._make_runner(target, *given)
                with undisturbed():
                    if iterations > 1:
                        seconds = runner(range(iterations))
                    else:
                        seconds, result = runner(None)
                if teardown is not None:
                    teardown(*given[0], **given[1])
                return float(seconds)

            for _ in range(warmup_rounds):
                time(iterations)
            obey(self._step(rounds), time, lambda: iterations)
            if iterations > 1:
                last = arguments()
                result = target(*last[0], **last[1])
                if teardown is not None:
                    teardown(*last[0], **last[1])
            return result

        # The fixture aio_benchmark (concurbench.aio) calls these two: it awaits its rounds itself.

        async def step_in_loop(
            self, time: Callable[[int], Awaitable[float]],
            calibrate: Callable[[], Awaitable[tuple[float, int]]], rounds: int | None,
        ) -> None:  # fmt: skip
            self._bare = getattr(self, "_bare", [])
            steps, answer = self._step(rounds), None
            with contextlib.suppress(StopIteration):
                while True:
                    asked = steps.send(answer)
                    answer = (await calibrate())[1] if asked == CALIBRATE else await time(asked)

        def slowed_in_loop(self, call: Callable[[], Awaitable[Any]]) -> Callable[[], Awaitable[Any]]:
            share = stepped.slower.get(self.fullname)
            self._bare = getattr(self, "_bare", [])
            return slowed_in_loop(call, share, self._timer, self._bare) if share else call

        def _step(self, rounds: int | None) -> Generator[int, Any, None]:
            """The gate's requests: yields a round's number of iterations and expects its seconds, or
            yields CALIBRATE and expects the number of iterations that make a round. The gate asks for
            at most ``rounds`` rounds.
            """
            channel, stats = stepped.channel, None
            channel.send(kind="ready", row=self.fullname, rounds=rounds)
            while (command := channel.receive())["do"] != "next":
                if command["do"] == "calibrate":
                    channel.send(kind="calibrated", iterations=(yield CALIBRATE))
                    continue
                iterations = command["iterations"]
                stats = stats or self._make_stats(iterations)
                self._bare.clear()
                moved(command["core"])
                times = []
                for _ in range(command["rounds"]):
                    times.append((yield iterations))  # noqa: PERF401 - no comprehension can yield
                for seconds in times:
                    stats.update(seconds)
                bare = {"bare": sum(self._bare)} if self._bare else {}
                channel.send(kind="times", seconds=[each / iterations for each in times], **bare)
            if stats is None:
                self._make_stats(1).update(0.0)  # a test may read its statistics

    return SteppedFixture
