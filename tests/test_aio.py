"""``aio_benchmark``: what a test awaits, and what becomes of it; the clock is made up."""

from __future__ import annotations

import asyncio
import json
import tomllib
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from concurbench import aio

CLOCK = """
    import asyncio
    import pytest
    from pytest_benchmark.fixture import BenchmarkFixture

    class Clock:
        now = 0.0

        def __call__(self):
            return self.now

    clock = Clock()
    BenchmarkFixture._precisions[clock] = 1e-7  # it could wait for ever to see this one move
    pytestmark = pytest.mark.benchmark(timer=clock, min_time=0.000005, max_time=1.0, min_rounds=5)

    async def work(seconds=0.25, *, answer=7):
        await asyncio.sleep(0)
        clock.now += seconds
        return answer
"""


@pytest.fixture
def timed(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Call it with tests for a session of them alone, and its rows as they are saved."""
    monkeypatch.delenv("PYTEST_XDIST_WORKER", raising=False)
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[1]))
    pytester.makeini("[pytest]\nasyncio_mode = auto\nasyncio_default_fixture_loop_scope = function\n")

    def run(tests: str, *options: str) -> tuple[pytest.RunResult, list[dict[str, Any]]]:
        pytester.makepyfile(test_timed=f"{_dedent(CLOCK)}\n{_dedent(tests)}")
        file = pytester.path / "saved.json"
        arguments = ["-p", "no:cacheprovider", "-p", "concurbench.aio", f"--benchmark-json={file}"]
        arguments += ["--benchmark-save-data", "-W", "error::RuntimeWarning", *options]
        result = pytester.runpytest_subprocess(*arguments)
        text = file.read_text() if file.exists() else ""
        return result, json.loads(text)["benchmarks"] if text else []

    return run


def _dedent(text: str) -> str:
    return "\n".join(line[4:] for line in text.strip("\n").splitlines())


def test_each_round_is_timed_inside_the_running_loop_and_the_answer_comes_back(timed: Any) -> None:
    result, [row] = timed("""
    async def test_it(aio_benchmark):
        loop = asyncio.get_running_loop()

        async def same():
            assert asyncio.get_running_loop() is loop
            return await work(0.25, answer=3)

        aio_benchmark.group = "group"
        aio_benchmark.extra_info["more"] = 1
        assert await aio_benchmark(same) == 3
        assert aio_benchmark.stats.stats.median == 0.25
    """)
    result.assert_outcomes(passed=1)
    assert row["stats"]["data"] == [0.25] * 5  # at least as many as --benchmark-min-rounds
    assert (row["group"], row["extra_info"]) == ("group", {"more": 1})


def test_arguments_reach_the_function(timed: Any) -> None:
    result, [row] = timed("""
    async def test_it(aio_benchmark):
        assert await aio_benchmark(work, 0.125, answer=9) == 9
    """)
    result.assert_outcomes(passed=1)
    assert row["stats"]["data"] == [0.125] * 8  # for --benchmark-max-time


def test_fast_functions_are_called_several_times_a_round(timed: Any) -> None:
    result, [row] = timed("""
    @pytest.mark.benchmark(timer=clock, max_time=0.0001)
    async def test_it(aio_benchmark):
        await aio_benchmark(work, 0.000001)
    """)
    result.assert_outcomes(passed=1)
    assert row["stats"]["iterations"] == 10
    assert row["stats"]["median"] == pytest.approx(0.000001)


@pytest.mark.parametrize("cost", [1e-9, 3e-8, 4e-7, 2.4e-6, 4e-6, 1e-5, 0.3])
@pytest.mark.parametrize("warmup", [False, 1000])
def test_as_many_calls_make_a_round_as_pytest_benchmark_would_have(
    cost: float, warmup: int | bool
) -> None:
    fixture: Any = BenchmarkFixture.__new__(BenchmarkFixture)
    BenchmarkFixture._precisions[_timer] = 1e-7  # type: ignore[index]  # its own hint is wrong
    fixture._timer, fixture._min_time, fixture._calibration_precision = _timer, 5e-6, 10
    fixture._warmup, fixture._max_time = warmup, 1.0
    fixture._logger = SimpleNamespace(debug=lambda *_, **__: None)

    async def awaited(loops: int) -> float:
        return cost * loops

    duration, loops, _ = fixture._calibrate_timer(lambda numbers: cost * len(numbers))
    assert asyncio.run(aio.calibrated(fixture, awaited)) == (duration, loops)


def _timer() -> float:
    return 0.0


def test_a_round_counts_by_the_least_of_its_warm_ups() -> None:
    fixture: Any = BenchmarkFixture.__new__(BenchmarkFixture)
    BenchmarkFixture._precisions[_timer] = 1e-7  # type: ignore[index]  # its own hint is wrong
    fixture._timer, fixture._min_time, fixture._calibration_precision = _timer, 5e-6, 10
    fixture._warmup, fixture._max_time = 3, 100.0
    seconds = iter([9.0, 8.0, 7.0, 8.5])

    async def slow_at_first(loops: int) -> float:
        return next(seconds)

    assert asyncio.run(aio.calibrated(fixture, slow_at_first)) == (7.0, 1)


def test_the_garbage_collector_may_rest_meanwhile_and_works_again(timed: Any) -> None:
    result, _ = timed("""
    import gc

    async def seen():
        clock.now += 0.25
        return gc.isenabled()

    async def test_it(aio_benchmark):
        told = []

        async def noting():
            told.append(await seen())

        await aio_benchmark(noting)
        assert told[-1]  # the call more, untimed
        assert not any(told[:-1])
        assert gc.isenabled()
    """, "--benchmark-disable-gc")  # fmt: skip
    result.assert_outcomes(passed=1)


def test_rounds_can_be_given_with_what_surrounds_them(timed: Any) -> None:
    result, [row] = timed("""
    async def test_it(aio_benchmark):
        made, ended = [], []

        async def setup():
            clock.now += 1
            made.append(len(made))
            return (0.5,), {"answer": made[-1]}

        def teardown(seconds, answer):
            clock.now += 1
            ended.append(answer)

        how = {"setup": setup, "teardown": teardown, "rounds": 3, "warmup_rounds": 1}
        assert await aio_benchmark.pedantic(work, **how) == 3
        assert made == ended == [0, 1, 2, 3]
    """)
    result.assert_outcomes(passed=1)
    assert row["stats"]["data"] == [0.5] * 3


def test_given_rounds_may_have_several_calls_each(timed: Any) -> None:
    result, [row] = timed("""
    async def test_it(aio_benchmark):
        how = {"args": (0.5,), "kwargs": {"answer": 1}, "rounds": 2, "iterations": 10}
        assert await aio_benchmark.pedantic(work, **how) == 1
    """)
    result.assert_outcomes(passed=1)
    assert (row["stats"]["data"], row["stats"]["iterations"]) == ([0.5] * 2, 10)


@pytest.mark.parametrize(
    ("how", "told"),
    [
        ("rounds=0", "rounds must be a whole number from 1, not 0"),
        ("iterations=1.5", "iterations must be a whole number from 1, not 1.5"),
        ("warmup_rounds=-1", "warmup_rounds must be a whole number from 0, not -1"),
        ("setup=dict, iterations=2", "several iterations cannot share what one setup has made"),
        ("args=(1,), setup=lambda: ((1,), {})", "Can't use `args` or `kwargs` if `setup`"),
    ],
)
def test_rounds_that_cannot_be_are_told(timed: Any, how: str, told: str) -> None:
    result, rows = timed(f"""
    async def test_it(aio_benchmark):
        await aio_benchmark.pedantic(work, {how})
    """)
    result.assert_outcomes(failed=1)
    assert told in result.stdout.str()
    assert not rows


def test_an_error_reaches_the_test_and_leaves_no_time(timed: Any) -> None:
    result, rows = timed("""
    async def broken():
        raise LookupError("on purpose")

    async def test_it(aio_benchmark):
        with pytest.raises(LookupError, match="on purpose"):
            await aio_benchmark(broken)
    """)
    result.assert_outcomes(passed=1)
    assert not rows


def test_whoever_forgets_to_await_hears_of_it(timed: Any) -> None:
    result, rows = timed("""
    async def test_it(aio_benchmark):
        aio_benchmark(work)
    """)
    result.assert_outcomes(passed=1, errors=1)
    assert "aio_benchmark(...) was not awaited: nothing was measured" in result.stdout.str()
    assert not rows


def test_it_measures_once(timed: Any) -> None:
    result, _ = timed("""
    async def test_it(aio_benchmark):
        await aio_benchmark(work)
        await aio_benchmark(work)
    """)
    result.assert_outcomes(failed=1)
    assert "Previously it was used in aio_benchmark(...) mode" in result.stdout.str()


def test_a_test_that_is_no_coroutine_is_told(timed: Any) -> None:
    result, _ = timed("""
    def test_it(aio_benchmark):
        aio_benchmark(work)
    """)
    result.assert_outcomes(errors=1)
    assert "aio_benchmark is for tests that are coroutines: async def" in result.stdout.str()


@pytest.mark.parametrize("call", ["aio_benchmark(work)", "aio_benchmark.pedantic(work, rounds=9)"])
def test_where_nothing_is_timed_it_is_called_once(timed: Any, call: str) -> None:
    result, rows = timed(f"""
    async def test_it(aio_benchmark):
        assert not aio_benchmark.enabled
        assert await {call} == 7
        assert clock.now == 0.25
    """, "--benchmark-disable")  # fmt: skip
    result.assert_outcomes(passed=1)
    assert not rows


def test_what_surrounds_a_round_does_so_where_nothing_is_timed_too(timed: Any) -> None:
    result, _ = timed("""
    async def test_it(aio_benchmark):
        told = []
        how = {"setup": lambda: told.append("setup"), "teardown": lambda: told.append("teardown")}
        assert await aio_benchmark.pedantic(work, rounds=9, **how) == 7
        assert told == ["setup", "teardown"]
    """, "--benchmark-disable")  # fmt: skip
    result.assert_outcomes(passed=1)


def test_a_profile_shows_what_was_awaited(timed: Any) -> None:
    result, _ = timed("""
    async def test_it(aio_benchmark):
        await aio_benchmark(work)
    """, "--benchmark-cprofile=ncalls")  # fmt: skip
    result.assert_outcomes(passed=1)
    assert "(work)" in result.stdout.str()


def test_rounds_end_when_the_mean_is_known_well_enough(timed: Any) -> None:
    result, [row] = timed("""
    async def test_it(aio_benchmark):
        await aio_benchmark(work, 0.001)
    """, "--benchmark-precision=0.05")  # fmt: skip
    result.assert_outcomes(passed=1)
    assert row["stats"]["rounds"] == 5  # of 1000 that there is time for


def test_the_mean_is_known_when_its_error_is_small() -> None:
    precise = aio.Precise(precision=0.1, confidence=0.95, fewest=2)
    # The error of two times that differ by a tenth of their mean is 0.05 of it, at 1.96 times that.
    assert not precise.reached(0.95)
    assert precise.reached(1.05)
    assert not aio.Precise(0.09, 0.95, 2).reached(0.95)
    loose = aio.Precise(0.09, 0.95, 2)
    loose.reached(0.95)
    assert not loose.reached(1.05)


def test_other_loops_than_asyncios_will_do(timed: Any) -> None:
    pytest.importorskip("trio", reason="no package trio")
    result, [row] = timed("""
    import trio

    @pytest.fixture
    def anyio_backend():
        return "trio"

    async def on_trio():
        await trio.lowlevel.checkpoint()
        clock.now += 0.5

    @pytest.mark.anyio
    async def test_it(aio_benchmark):
        await aio_benchmark(on_trio)
    """, "-o", "asyncio_mode=strict")  # fmt: skip
    result.assert_outcomes(passed=1)
    assert row["stats"]["median"] == 0.5


def test_where_concurbench_is_installed_pytest_finds_it_by_itself() -> None:
    project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text())["project"]
    # Were the name another one, -p concurbench.aio would be a second plugin.
    assert project["entry-points"]["pytest11"] == {aio.__name__: aio.__name__}
