"""Suites compared in live pytest processes; the suites know nothing of it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from concurbench.errors import ConcurbenchError
from concurbench.gate.block import Kind, Unmeasured
from concurbench.gate.comparison import Comparison, check_origins, selects
from concurbench.gate.prepare import Question
from tests.gate.conftest import Project

Compare = Callable[..., Comparison]
Make = Callable[[str], Project]

# Each comparison and each block starts two processes; so one comparison serves many sentences.

CONFIGURED = """
    [pytest]
    addopts = --benchmark-disable -n 2 --cov=x -x --benchmark-json=out.json --benchmark-skip
"""

REASONS = """
    import socket
    import pytest

    @pytest.fixture(scope="session")
    def server():
        with socket.socket() as listening:
            listening.bind(("127.0.0.1", 48763))
            yield

    @pytest.mark.skipif({skip}, reason="not today")
    def test_skipped_in_head(benchmark):
        benchmark(int)

    def test_without_benchmark(benchmark):
        pass

    def test_skipped(benchmark):
        pytest.skip("never")

    def test_port(benchmark, server):
        benchmark(int)

    def test_fails(benchmark):
        benchmark(lambda: 1 / 0)
"""


def test_base_and_head_run_their_own_code_and_each_row_is_measured_or_has_a_reason(
    project: Make, compare: Compare, monkeypatch: pytest.MonkeyPatch
) -> None:
    base, head = project("base").with_clock(0.03, ("x", "old")), project("head")
    head.with_clock(0.06, ("new", "x"))
    monkeypatch.setenv("PYTHONPATH", str(head.folder))
    for each in (base, head):
        each.write("pytest.ini", CONFIGURED)
        each.write("test_reasons.py", REASONS.format(skip=each is head))
    with compare(base, head) as comparison:
        copy = comparison.head_folder
        assert copy.is_dir()
        assert comparison.unmeasured == {
            "test_toy.py::test_toy[old]": Unmeasured(Kind.MISSING, "not in head"),
            "test_toy.py::test_toy[new]": Unmeasured(Kind.NEW, "not in base"),
        }
        block = comparison.block("first", comparison.rows)
        row = "test_toy.py::test_toy[x]"
        assert comparison.rows == (row,)
        assert block.log_ratios == {row: pytest.approx(0.693, abs=0.1)}
        found = {
            row.partition("::test_")[2]: each
            for row, each in comparison.unmeasured.items()
            if row.startswith("test_reasons")
        }
        port, fails = found.pop("port"), found.pop("fails")
        assert found == {
            "skipped_in_head": Unmeasured(Kind.MISSING, "skipped: not today"),
            "without_benchmark": Unmeasured(Kind.IDLE, "called no benchmark in base and head"),
            "skipped": Unmeasured(Kind.IDLE, "skipped: never in base and head"),
        }
        assert port.kind is fails.kind is Kind.FAILED
        assert "Address already in use" in port.why
        assert "port 0" in port.why
        assert "ZeroDivisionError" in fails.why
        again = comparison.block("first", comparison.rows)
        assert again.quads.keys() == {row}
    assert not copy.exists()


@pytest.mark.slow
def test_head_is_slowed_down_on_request(project: Make, compare: Compare) -> None:
    both = project("both")
    both.write(
        "test_toy.py",
        "def test_x(benchmark):\n    benchmark.pedantic(sum, (range(100_000),), rounds=20)\n",
    )
    with compare(both, both, slower={"test_x": 9.0}) as comparison:
        bare: list[float] = []
        comparison.stepper.on_slice = lambda *slice: bare.append(slice[3]) if slice[3] else None
        block = comparison.block("first", comparison.rows)
        assert block.log_ratios["test_toy.py::test_x"] > 1
        assert bare


@pytest.mark.slow
def test_coroutines_are_stepped_inside_their_loop(project: Make, compare: Compare) -> None:
    arms = [project(name).with_clock() for name in ("base", "head")]
    for arm, seconds in zip(arms, (0.03, 0.06), strict=True):
        arm.write(
            "test_toy.py",
            f"""
            import asyncio
            import pytest
            from pytest_benchmark.fixture import BenchmarkFixture
            from toyclock import clock, work

            BenchmarkFixture._precisions[clock] = 1e-7  # it moves only with the work
            pytestmark = pytest.mark.benchmark(timer=clock)

            async def coroutine():
                await asyncio.sleep(0)
                work({seconds})

            async def test_calibrated(aio_benchmark):
                await aio_benchmark(coroutine)
            """,
        )
        arm.write("pytest.ini", "[pytest]\nasyncio_mode = auto\n")
    with compare(*arms, "-p", "concurbench.aio") as comparison:
        ratios = comparison.block("first", comparison.rows).log_ratios
        assert ratios == {"test_toy.py::test_calibrated": pytest.approx(0.693, abs=0.1)}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("broken", "arguments", "sentence"),
    [
        (
            {"toyclock.py": "from elsewhere import clock\n"},
            (),
            r"^head does not collect: .*No module named 'elsewhere'$",
        ),
        (
            {"conftest.py": "import elsewhere\n"},
            (),
            r"^head: pytest ended .*No module named 'elsewhere'",
        ),
        ({}, ("--nonsense",), r"pytest ended .*unrecognized arguments: --nonsense"),
        ({}, ("-k", "nothing"), r"no benchmarks in base or head \(head collected 0 tests\)"),
    ],
)
def test_an_arm_that_cannot_be_compared_is_one_sentence(
    project: Make, compare: Compare, broken: dict[str, str], arguments: tuple[str, ...], sentence: str
) -> None:
    base, head = project("base").with_clock(), project("head").with_clock()
    for name, text in broken.items():
        head.write(name, text)
    with pytest.raises(ConcurbenchError, match=sentence), compare(base, head, *arguments):
        pass


@pytest.mark.slow
def test_an_arm_that_dies_in_a_block_is_named_with_the_block(project: Make, compare: Compare) -> None:
    both = project("both")
    both.write(
        "test_x.py",
        "import os\ndef test_x(benchmark):\n    benchmark.pedantic(lambda: os._exit(3), rounds=5)\n",
    )
    died = r"pytest ended \(exit 3\).*\(block 1, after its start\)$"
    with compare(both, both) as comparison, pytest.raises(ConcurbenchError, match=died):
        comparison.block("first", comparison.rows)


@pytest.mark.slow
def test_modules_from_elsewhere_end_the_comparison(project: Make, compare: Compare) -> None:
    # As with an editable install: both arms would run the same code.
    user, base, head = project("user").with_clock(), project("base"), project("head")
    for each in (base, head):
        each.write("toyclock/__init__.py", "")
        each.write("test_x.py", "import toyclock\ndef test_x(benchmark):\n    benchmark(int)\n")
        path = f"import sys\nsys.path.insert(0, {str(user.folder)!r})\n"
        each.write("conftest.py", f"{path}import toyclock\n")
    sentence = r"^base does not run its own code: module toyclock came from .*user/toyclock.py"
    with pytest.raises(ConcurbenchError, match=sentence), compare(base, head):
        pass


def test_a_slow_down_of_no_row_is_refused(project: Make, compare: Compare) -> None:
    both = project("both").with_clock()
    with (
        pytest.raises(ConcurbenchError, match=r"no row matches 'nothing'; rows: test_toy.py"),
        compare(both, both, slower={"nothing": 0.1}),
    ):
        pass


def test_a_setup_command_runs_in_the_copy_of_each_arm(
    project: Make, compare: Compare, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from concurbench.runner import environments

    # To make an environment takes a network: the current one takes its place.
    current = environments.Environment(Path(sys.executable), own=False)
    monkeypatch.setattr(environments, "cached", lambda *_: current)
    both = project("both")
    both.write("test_x.py", "import made\ndef test_x(benchmark):\n    benchmark(int)\n")
    command = f"echo 'VALUE = 1' > made.py; pwd >> {tmp_path}/where"
    with compare(both, both, setup=command) as comparison:
        assert comparison.rows == ("test_x.py::test_x",)
    where = (tmp_path / "where").read_text().split()
    assert [Path(each).name for each in where] == ["base", "head"]
    assert not (both.folder / "made.py").exists()


# -- the gate set --


def rows(*ids: str, gate: tuple[str, ...] = (), threshold: Any = None) -> dict[str, Any]:
    """What a worker collected: these rows, some of them marked."""
    return {
        "rows": [
            {"id": id, "gate": id in gate, "threshold": threshold if id in gate else None} for id in ids
        ],
        "tests": len(ids),
    }


def chosen(base: dict[str, Any], head: dict[str, Any], *, selected: bool = False) -> Comparison:
    comparison = Comparison(Question(None, None, Path()))
    comparison.choose({"base": base, "head": head}, selected=selected)
    return comparison


def test_rows_of_one_arm_are_missing_or_new() -> None:
    comparison = chosen(rows("old", "x", "y"), rows("y", "new", "x"))
    assert comparison.rows == ("y", "x")
    assert comparison.unmeasured == {
        "old": Unmeasured(Kind.MISSING, "not in head"), "new": Unmeasured(Kind.NEW, "not in base"),
    }  # fmt: skip


def test_rows_marked_gate_in_head_are_the_default() -> None:
    base, head = rows("x", "y"), rows("x", "y", gate=("x",), threshold=0.2)
    comparison = chosen(base, head)
    assert comparison.rows == ("x",)
    assert comparison.thresholds == {"x": 0.2}
    assert not comparison.unmeasured
    assert chosen(base, head, selected=True).rows == ("x", "y")


def test_a_row_that_is_no_longer_marked_is_noted_and_not_missing() -> None:
    base, head = rows("x", "y", "gone", gate=("x", "gone")), rows("x", "y", gate=("y",))
    comparison = chosen(base, head)
    assert comparison.rows == ("y",)
    assert comparison.unmeasured == {"gone": Unmeasured(Kind.MISSING, "not in head")}
    assert comparison.notes == ["no longer marked as gate: x"]


@pytest.mark.parametrize("threshold", ["5%", 5, "<object>", float("nan")])
def test_a_mark_with_a_wrong_threshold_is_refused(threshold: object) -> None:
    marked = rows("x", gate=("x",), threshold=threshold)
    with pytest.raises(ConcurbenchError, match=r"^x, @pytest.mark.gate: a threshold is a share"):
        chosen(marked, marked)


def test_a_suite_without_benchmarks_is_refused() -> None:
    sentence = r"^no benchmarks in base or head \(head collected 1 tests\)$"
    with pytest.raises(ConcurbenchError, match=sentence):
        chosen(rows(), {"rows": [], "tests": 1})


@pytest.mark.parametrize(
    ("arguments", "selected"),
    [
        ((), False),
        (("-q", "-p", "plugin"), False),
        (("-k", "x"), True),
        (("-m", "gate"), True),
        (("tests",), True),
        (("test_x.py::test_x",), True),
    ],
)
def test_arguments_for_pytest_may_select_rows(
    tmp_path: Path, arguments: tuple[str, ...], selected: bool
) -> None:
    (tmp_path / "tests").mkdir()
    assert selects(arguments, tmp_path) is selected


def test_an_arm_that_imports_another_arms_code_is_refused() -> None:
    check_origins("head", {"foreign": {}})
    with pytest.raises(ConcurbenchError, match=r"^head does not run its own code: module x came from"):
        check_origins("head", {"foreign": {"x": "/user/x.py"}})
