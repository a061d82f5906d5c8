"""Suites of all kinds, stepped in live pytest processes; none of them knows of it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from concurbench.errors import ConcurbenchError
from concurbench.gate.block import NotMeasured
from concurbench.gate.comparison import Comparison
from tests.gate.conftest import Project

Compare = Callable[..., Comparison]
Make = Callable[[str], Project]

FORMS = """
    import pytest

    class Counter:
        calls = 0

    @pytest.fixture(scope="session")
    def for_all():
        yield Counter()

    @pytest.fixture(scope="module")
    def for_file(for_all):
        return [for_all]

    @pytest.fixture(scope="class")
    def for_class(for_file):
        return {"file": for_file}

    def test_called(benchmark):
        assert benchmark(sum, [1, 2]) == 3

    @pytest.mark.parametrize("size", [10, 20])
    def test_parametrized(benchmark, size):
        assert benchmark(lambda: size) == size

    class TestClass:
        def test_method(self, benchmark, for_class):
            benchmark.group = "methods"
            benchmark.extra_info["x"] = 1
            benchmark(len, for_class)
            assert benchmark.stats.stats.mean > 0

        @pytest.mark.benchmark(min_rounds=3, disable_gc=True)
        def test_other(self, benchmark, for_class):
            benchmark(len, for_class)

    def test_setup_and_teardown(benchmark):
        state = []

        def setup():
            assert not state
            state.append(1)
            return (state,), {"more": 2}

        def teardown(items, more):
            assert items == [1, 2]
            items.clear()

        def target(items, more):
            items.append(more)
            return more

        assert benchmark.pedantic(target, setup=setup, teardown=teardown, rounds=12) == 2
        assert not state

    def test_looped(benchmark):
        assert benchmark.pedantic(sum, args=([1],), iterations=50, rounds=10, warmup_rounds=2) == 1

    def test_once(benchmark):
        benchmark.pedantic(list, kwargs={})

    def test_not_a_benchmark():
        raise AssertionError("only benchmarks are run")
"""


def test_every_form_of_benchmark_is_measured(project: Make, compare: Compare) -> None:
    both = project("suite")
    both.write("test_forms.py", FORMS)
    with compare(both, both) as comparison:
        block = comparison.block("first", comparison.rows)
        assert not comparison.failed
        assert [row.partition("::")[2] for row in comparison.rows] == [
            "test_called",
            "test_parametrized[10]",
            "test_parametrized[20]",
            "TestClass::test_method",
            "TestClass::test_other",
            "test_setup_and_teardown",
            "test_looped",
            "test_once",
        ]
        assert block.quads.keys() == set(comparison.rows)
        again = comparison.block("first", comparison.rows[:2])
        assert again.quads.keys() == set(comparison.rows[:2])


def test_a_benchmark_that_works_only_as_often_as_it_says_is_not_run_more(
    project: Make, compare: Compare
) -> None:
    both = project("suite")
    both.write(
        "test_shots.py",
        """
        import pytest

        @pytest.mark.parametrize("shots", [1, 2, 3, 4, 7])
        def test_shots(benchmark, shots):
            left = list(range(shots))
            benchmark.pedantic(left.pop, rounds=shots)
        """,
    )
    with compare(both, both) as comparison:
        block = comparison.block("first", comparison.rows)
        assert not comparison.failed
        assert block.quads.keys() == set(comparison.rows)


@pytest.mark.parametrize(
    "call",
    [
        "benchmark.pedantic(len, setup=lambda: None, iterations=2)",
        "benchmark.pedantic(len, rounds=0)",
        "benchmark.pedantic(len, args=([],), rounds=3, setup=lambda: (([],), {}))",
        "(benchmark(int), benchmark(int))",
        "benchmark(1 .__truediv__)",
        "benchmark.pedantic(int, rounds=4, teardown=lambda: 1 / 0)",
    ],
)
def test_a_wrong_use_fails_as_it_does_without_the_gate(
    project: Make, compare: Compare, call: str
) -> None:
    both = project("suite")
    both.write("test_wrong.py", f"def test_wrong(benchmark):\n    {call}\n")
    both.write("test_right.py", "def test_right(benchmark):\n    benchmark(int)\n")
    with compare(both, both) as comparison:
        block = comparison.block("first", comparison.rows)
        assert list(comparison.failed) == ["test_wrong.py::test_wrong"]
        assert list(block.quads) == ["test_right.py::test_right"]
        told = comparison.failed["test_wrong.py::test_wrong"]
        assert any(word in told for word in ("Error", "FixtureAlreadyUsed"))


def test_what_a_suite_configures_against_measuring_is_without_effect(
    project: Make, compare: Compare
) -> None:
    both = project("suite")
    both.write(
        "pytest.ini",
        """
        [pytest]
        addopts = --benchmark-disable -n 2 --cov=x --cov-report term -x --strict-markers
            --benchmark-json=out.json --benchmark-compare-fail=mean:5% --benchmark-skip
        """,
    )
    both.write("test_x.py", "def test_x(benchmark):\n    benchmark(int)\n")
    with compare(both, both) as comparison:
        assert comparison.block("first", comparison.rows).quads


def test_tests_that_are_skipped_are_told_by_side(project: Make, compare: Compare) -> None:
    text = """
        import pytest

        @pytest.mark.skipif({skip}, reason="not today")
        def test_a(benchmark):
            benchmark(int)

        def test_b(benchmark):
            benchmark(int)

        def test_c(benchmark):
            pass

        def test_d(benchmark):
            pytest.skip("never")
    """
    base, head = project("base"), project("head")
    base.write("test_x.py", text.format(skip=False))
    head.write("test_x.py", text.format(skip=True))
    with compare(base, head) as comparison:
        block = comparison.block("first", comparison.rows)
        assert list(block.quads) == ["test_x.py::test_b"]
        assert comparison.missing == {"test_x.py::test_a": "skipped: not today"}
        assert comparison.idle == {
            "test_x.py::test_c": "called no benchmark in base and head",
            "test_x.py::test_d": "skipped: never in base and head",
        }
        assert comparison.rows == ("test_x.py::test_b",)


def test_a_side_that_does_not_collect_is_told_in_one_sentence(project: Make, compare: Compare) -> None:
    base, head = project("base").with_clock(), project("head").with_clock()
    head.write("toyclock.py", "from elsewhere import clock\n")
    with (
        pytest.raises(
            ConcurbenchError, match=r"^head does not collect: .*No module named 'elsewhere'$"
        ),
        compare(base, head),
    ):
        pass


def test_a_broken_conftest_is_told_in_one_sentence(project: Make, compare: Compare) -> None:
    base, head = project("base").with_clock(), project("head").with_clock()
    base.write("conftest.py", "import elsewhere\n")
    with (
        pytest.raises(ConcurbenchError, match=r"^base: pytest ended .*No module named 'elsewhere'"),
        compare(base, head),
    ):
        pass


def test_an_unknown_option_is_told_in_one_sentence(project: Make, compare: Compare) -> None:
    both = project("both").with_clock()
    with (
        pytest.raises(ConcurbenchError, match=r"pytest ended .*unrecognized arguments: --nonsense"),
        compare(both, both, "--nonsense"),
    ):
        pass


def test_a_suite_without_benchmarks_is_told(project: Make, compare: Compare) -> None:
    both = project("both")
    both.write("test_x.py", "def test_x():\n    pass\n")
    with (
        pytest.raises(
            ConcurbenchError, match=r"no benchmarks in base or head \(head collected 1 tests\)"
        ),
        compare(both, both),
    ):
        pass


def test_a_side_that_dies_is_told_with_where(project: Make, compare: Compare) -> None:
    both = project("both")
    both.write(
        "test_x.py",
        "import os\ndef test_x(benchmark):\n    benchmark.pedantic(lambda: os._exit(3), rounds=5)\n",
    )
    with (
        compare(both, both) as comparison,
        pytest.raises(ConcurbenchError, match=r"pytest ended \(exit 3\)"),
    ):
        comparison.block("first", comparison.rows)


def test_a_side_that_hangs_is_not_waited_for_for_ever(project: Make, compare: Compare) -> None:
    both = project("both")
    both.write(
        "test_x.py",
        "import threading\ndef test_x(benchmark):\n    benchmark(threading.Event().wait)\n",
    )
    with (
        compare(both, both, timeout=8.0) as comparison,
        pytest.raises(ConcurbenchError, match="no response for 8 s"),
    ):
        comparison.block("first", comparison.rows)


def test_a_port_that_both_sides_want_is_told_with_the_cure(project: Make, compare: Compare) -> None:
    both = project("both")
    both.write(
        "test_x.py",
        """
        import socket
        import pytest

        @pytest.fixture(scope="session")
        def server():
            with socket.socket() as listening:
                listening.bind(("127.0.0.1", 48763))
                yield

        def test_x(benchmark, server):
            benchmark(int)
        """,
    )
    with compare(both, both) as comparison:
        comparison.block("first", comparison.rows)
        [why] = comparison.failed.values()
        assert "Address already in use" in why
        assert "port 0" in why


def test_modules_from_elsewhere_end_the_comparison(
    project: Make, compare: Compare, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As an editable install would have it: both sides would run the same code.
    user, base, head = project("user").with_clock(), project("base"), project("head")
    for each in (base, head):
        each.write("toyclock/__init__.py", "")
        each.write("test_x.py", "import toyclock\ndef test_x(benchmark):\n    benchmark(int)\n")
        path = f"import sys\nsys.path.insert(0, {str(user.folder)!r})\n"
        each.write("conftest.py", f"{path}import toyclock\n")
    told = r"^base does not run its own code: module toyclock came from .*user/toyclock.py"
    with pytest.raises(ConcurbenchError, match=told), compare(base, head):
        pass


def test_each_side_imports_its_own_code_though_the_users_is_on_the_path(
    project: Make, compare: Compare, monkeypatch: pytest.MonkeyPatch
) -> None:
    base, head = project("base").with_clock(0.03), project("head").with_clock(0.06)
    monkeypatch.setenv("PYTHONPATH", str(head.folder))
    with compare(base, head) as comparison:
        [ratio] = comparison.block("first", comparison.rows).log_ratios.values()
        assert ratio == pytest.approx(0.693, abs=0.1)


def test_planted_slow_downs_are_seen(project: Make, compare: Compare) -> None:
    both = project("both").with_clock(rows=("x", "y"))
    # On the real clock: this one's own would never come to the end of its wait.
    both.write(
        "test_toy.py",
        "def test_x(benchmark):\n    benchmark.pedantic(sum, (range(100_000),), rounds=20)\n",
    )
    with compare(both, both, slower={"test_x": 9.0}) as comparison:
        seen: list[float] = []
        comparison.stepper.on_slice = lambda *slice: seen.append(slice[3]) if slice[3] else None
        block = comparison.block("first", comparison.rows)
        assert block.log_ratios["test_toy.py::test_x"] > 1
        assert seen


IN_LOOP = """
    import asyncio
    import pytest
    from pytest_benchmark.fixture import BenchmarkFixture
    from toyclock import clock, work

    BenchmarkFixture._precisions[clock] = 1e-7  # it moves only with the work
    pytestmark = pytest.mark.benchmark(timer=clock)

    async def coroutine(seconds={seconds}):
        await asyncio.sleep(0)
        work(seconds)
        return seconds

    async def test_calibrated(aio_benchmark):
        assert await aio_benchmark(coroutine) == {seconds}

    async def test_given(aio_benchmark):
        beside = asyncio.create_task(asyncio.sleep(0))
        made = []

        def setup():
            made.append(1)
            return ({seconds},), {{}}

        assert await aio_benchmark.pedantic(coroutine, setup=setup, rounds=30) == {seconds}
        assert len(made) > 3
        await beside
"""


def test_coroutines_are_stepped_inside_their_loop(project: Make, compare: Compare) -> None:
    sides = [project(name).with_clock() for name in ("base", "head")]
    for side, seconds in zip(sides, (0.03, 0.06), strict=True):
        side.write("test_toy.py", IN_LOOP.format(seconds=seconds))
        side.write("pytest.ini", "[pytest]\nasyncio_mode = auto\n")
    with compare(*sides, "-p", "concurbench.aio") as comparison:
        ratios = comparison.block("first", comparison.rows).log_ratios
        assert not comparison.failed
        assert ratios == {
            "test_toy.py::test_calibrated": pytest.approx(0.693, abs=0.1),
            "test_toy.py::test_given": pytest.approx(0.693, abs=0.1),
        }


def test_slow_downs_are_planted_in_coroutines_too(project: Make, compare: Compare) -> None:
    both = project("both")
    both.write("pytest.ini", "[pytest]\nasyncio_mode = auto\n")
    both.write(
        "test_toy.py",
        "async def nothing():\n    sum(range(100))\n\n"
        "async def test_x(aio_benchmark):\n    await aio_benchmark(nothing)\n",
    )
    with compare(both, both, "-p", "concurbench.aio", slower={"test_x": 9.0}) as comparison:
        seen: list[float] = []
        comparison.stepper.on_slice = lambda *slice: seen.append(slice[3]) if slice[3] else None
        block = comparison.block("first", comparison.rows)
        assert block.log_ratios["test_toy.py::test_x"] > 1
        assert seen


def test_a_plant_that_means_no_row_is_told(project: Make, compare: Compare) -> None:
    both = project("both").with_clock()
    with (
        pytest.raises(ConcurbenchError, match="no row matches 'nothing'"),
        compare(both, both, slower={"nothing": 0.1}),
    ):
        pass


def test_rows_of_one_side_are_told(project: Make, compare: Compare) -> None:
    base, head = (
        project("base").with_clock(rows=("x", "old")),
        project("head").with_clock(rows=("new", "x")),
    )
    with compare(base, head) as comparison:
        assert comparison.rows == ("test_toy.py::test_toy[x]",)
        assert comparison.missing == {"test_toy.py::test_toy[old]": "not in head"}
        assert comparison.new == {"test_toy.py::test_toy[new]": "not in base"}


GATED = """
    import pytest

    {mark}
    def test_gated(benchmark):
        benchmark(int)

    def test_other(benchmark):
        benchmark(int)
"""


def test_rows_marked_gate_are_the_default(project: Make, compare: Compare) -> None:
    base, head = project("base"), project("head")
    base.write("test_x.py", GATED.format(mark=""))
    head.write("test_x.py", GATED.format(mark="@pytest.mark.gate(threshold=0.2)"))
    with compare(base, head) as comparison:
        assert comparison.rows == ("test_x.py::test_gated",)
        assert comparison.thresholds == {"test_x.py::test_gated": 0.2}
        assert not comparison.missing
    with compare(base, head, "-k", "other") as comparison:
        assert comparison.rows == ("test_x.py::test_other",)


@pytest.mark.parametrize("threshold", ["'5%'", "5", "object()", "float('nan')"])
def test_a_marks_threshold_that_is_none_is_told(
    project: Make, compare: Compare, threshold: str
) -> None:
    both = project("both")
    both.write("test_x.py", GATED.format(mark=f"@pytest.mark.gate(threshold={threshold})"))
    with (
        pytest.raises(ConcurbenchError, match=r"mark\.gate: a threshold is a share between 0 and 1"),
        compare(both, both),
    ):
        pass


def test_a_mark_taken_away_is_told_and_nothing_is_missing(project: Make, compare: Compare) -> None:
    base, head = project("base"), project("head")
    base.write("test_x.py", GATED.format(mark="@pytest.mark.gate"))
    head.write(
        "test_x.py",
        GATED.format(mark="").replace("def test_other", "@pytest.mark.gate\n    def test_other"),
    )
    with compare(base, head) as comparison:
        assert comparison.rows == ("test_x.py::test_other",)
        assert not comparison.missing
        assert comparison.notes == ["no longer marked as gate: test_x.py::test_gated"]


def test_what_was_not_measured_in_words() -> None:
    assert str(NotMeasured(None, "skipped: x", failed=False)) == "skipped: x in head"
