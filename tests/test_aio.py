"""``aio_benchmark``: which calls it times, what it saves, what it refuses. The clock is simulated."""

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
    BenchmarkFixture._precisions[clock] = 1e-7  # this clock never advances on its own
    pytestmark = pytest.mark.benchmark(timer=clock, min_time=0.000005, max_time=1.0, min_rounds=5)

    async def work(seconds=0.25, *, answer=7):
        await asyncio.sleep(0)
        clock.now += seconds
        return answer
"""


@pytest.fixture
def timed(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Run tests in a session of their own, and return its result and its saved rows."""
    monkeypatch.delenv("PYTEST_XDIST_WORKER", raising=False)
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[1]))
    pytester.makeini("[pytest]\nasyncio_mode = auto\nasyncio_default_fixture_loop_scope = function\n")

    def run(tests: str, *options: str) -> tuple[pytest.RunResult, list[dict[str, Any]]]:
        pytester.makepyfile(test_timed=f"{_dedent(CLOCK)}\n{_dedent(tests)}")
        file = pytester.path / "saved.json"
        arguments = ["-p", "no:cacheprovider", "-p", "concurbench.aio", f"--benchmark-json={file}"]
        arguments += ["--benchmark-save-data", "-W", "error::RuntimeWarning", *options]
        result = pytester.runpytest_inprocess(*arguments)
        text = file.read_text() if file.exists() else ""
        return result, json.loads(text)["benchmarks"] if text else []

    return run


def _dedent(text: str) -> str:
    return "\n".join(line[4:] for line in text.strip("\n").splitlines())


def test_each_round_is_timed_in_the_running_loop_and_the_result_is_returned(timed: Any) -> None:
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


def test_a_round_of_a_fast_function_has_several_calls(timed: Any) -> None:
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
def test_it_calibrates_as_pytest_benchmark_does(cost: float, warmup: int | bool) -> None:
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


def test_calibration_takes_the_shortest_warm_up_round() -> None:
    fixture: Any = BenchmarkFixture.__new__(BenchmarkFixture)
    BenchmarkFixture._precisions[_timer] = 1e-7  # type: ignore[index]  # its own hint is wrong
    fixture._timer, fixture._min_time, fixture._calibration_precision = _timer, 5e-6, 10
    fixture._warmup, fixture._max_time = 3, 100.0
    seconds = iter([9.0, 8.5, 8.0, 7.0])

    async def slow_at_first(loops: int) -> float:
        return next(seconds)

    assert asyncio.run(aio.calibrated(fixture, slow_at_first)) == (7.0, 1)


def test_the_garbage_collector_can_be_off_during_rounds(timed: Any) -> None:
    result, _ = timed("""
    import gc

    async def seen():
        clock.now += 0.25
        return gc.isenabled()

    async def test_it(aio_benchmark):
        states = []

        async def noting():
            states.append(await seen())

        await aio_benchmark(noting)
        assert states[-1]  # the additional, untimed call
        assert not any(states[:-1])
        assert gc.isenabled()
    """, "--benchmark-disable-gc")  # fmt: skip
    result.assert_outcomes(passed=1)


def test_pedantic_runs_setup_and_teardown_around_each_round(timed: Any) -> None:
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


def test_pedantic_rounds_can_have_several_iterations(timed: Any) -> None:
    result, [row] = timed("""
    async def test_it(aio_benchmark):
        how = {"args": (0.5,), "kwargs": {"answer": 1}, "rounds": 2, "iterations": 10}
        assert await aio_benchmark.pedantic(work, **how) == 1
    """)
    result.assert_outcomes(passed=1)
    assert (row["stats"]["data"], row["stats"]["iterations"]) == ([0.5] * 2, 10)


def test_pedantic_refuses_rounds_that_are_impossible(timed: Any) -> None:
    refused = {
        "rounds=0": "rounds must be an integer of at least 1, got 0",
        "iterations=1.5": "iterations must be an integer of at least 1, got 1.5",
        "warmup_rounds=-1": "warmup_rounds must be an integer of at least 0, got -1",
        "setup=dict, iterations=2": "iterations must be 1 with a setup",
        "args=(1,), setup=lambda: ((1,), {})": "Can't use `args` or `kwargs` if `setup`",
    }
    tests = "".join(
        f"""
    async def test_{number}(aio_benchmark):
        await aio_benchmark.pedantic(work, {arguments})
"""
        for number, arguments in enumerate(refused)
    )
    result, rows = timed(tests)
    result.assert_outcomes(failed=len(refused))
    for sentence in refused.values():
        assert sentence in result.stdout.str()
    assert not rows


def test_an_error_reaches_the_test_and_saves_no_time(timed: Any) -> None:
    result, rows = timed("""
    async def broken():
        raise LookupError("on purpose")

    async def test_it(aio_benchmark):
        with pytest.raises(LookupError, match="on purpose"):
            await aio_benchmark(broken)
    """)
    result.assert_outcomes(passed=1)
    assert not rows


def test_a_measurement_that_is_not_awaited_is_an_error(timed: Any) -> None:
    result, rows = timed("""
    async def test_it(aio_benchmark):
        aio_benchmark(work)
    """)
    result.assert_outcomes(passed=1, errors=1)
    assert "aio_benchmark(...) was not awaited: nothing was measured" in result.stdout.str()
    assert not rows


def test_a_test_measures_only_once(timed: Any) -> None:
    result, _ = timed("""
    async def test_it(aio_benchmark):
        await aio_benchmark(work)
        await aio_benchmark(work)
    """)
    result.assert_outcomes(failed=1)
    assert "Previously it was used in aio_benchmark(...) mode" in result.stdout.str()


def test_a_test_that_is_not_a_coroutine_is_an_error(timed: Any) -> None:
    result, _ = timed("""
    def test_it(aio_benchmark):
        aio_benchmark(work)
    """)
    result.assert_outcomes(errors=1)
    assert "aio_benchmark needs a test that is a coroutine: async def" in result.stdout.str()


def test_with_timing_disabled_each_function_is_called_once(timed: Any) -> None:
    result, rows = timed("""
    @pytest.fixture(autouse=True)
    def start():
        clock.now = 0.0

    async def test_it(aio_benchmark):
        assert not aio_benchmark.enabled
        assert await aio_benchmark(work) == 7
        assert clock.now == 0.25

    async def test_pedantic(aio_benchmark):
        called = []
        how = {"setup": lambda: called.append("setup"), "teardown": lambda: called.append("teardown")}
        assert await aio_benchmark.pedantic(work, rounds=9, **how) == 7
        assert called == ["setup", "teardown"]
        assert clock.now == 0.25
    """, "--benchmark-disable")  # fmt: skip
    result.assert_outcomes(passed=2)
    assert not rows


@pytest.mark.parametrize("option", ["--benchmark-precision", "--benchmark-cprofile"])
def test_options_that_it_does_not_support_are_refused(timed: Any, option: str) -> None:
    value = "0.05" if option.endswith("precision") else "ncalls"
    result, rows = timed("""
    async def test_it(aio_benchmark):
        await aio_benchmark(work, 0.001)
    """, f"{option}={value}")  # fmt: skip
    result.assert_outcomes(errors=1)
    assert f"aio_benchmark does not support {option}: omit it" in result.stdout.str()
    assert not rows


def test_it_works_in_other_event_loops(timed: Any) -> None:
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


def test_pytest_finds_the_installed_fixture_without_an_option() -> None:
    project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text())["project"]
    # Under another name, -p concurbench.aio would register a second plugin.
    assert project["entry-points"]["pytest11"] == {aio.__name__: aio.__name__}
