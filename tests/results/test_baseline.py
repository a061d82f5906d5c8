"""The run to compare with, and what the comparison says."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from concurbench.errors import ConcurbenchError
from concurbench.machine import UNKNOWN
from concurbench.results import baseline
from concurbench.results.baseline import compare, differences
from concurbench.results.row import Metric, Row
from concurbench.results.runs import Run
from tests.results.test_runs import write

SLOW = {"python_loop": [[0.0, 0.004], [1.0, 0.004]]}
FAST = {"python_loop": [[0.0, 0.002], [1.0, 0.002]]}


def row(model: str, *seconds: float, **more: Any) -> Row:
    return Row(f"t.py::test_primes[{model}]", "primes", model, seconds, fingerprint="w", **more)


def run(*rows: Row, home: str = "here", **more: Any) -> Run:
    return Run(Path("0003_x.json"), {}, True, rows, home=home, **more)


def test_a_run_is_found_by_number_by_name_and_by_path(tmp_path: Path) -> None:
    path = write(tmp_path, "0003_abc.json")
    write(tmp_path, "mine.json", complete=False)
    for asked, name in (
        ("0003", "0003"),
        ("3", "0003"),
        ("0003_a", "0003"),
        ("mine", "mine"),
        (str(path), "0003"),
        (True, "0003"),
    ):
        run, _ = baseline.choose(asked, tmp_path)
        assert run is not None
        assert run.name == name


@pytest.mark.parametrize(
    "asked", ["0009", "/nowhere/x.json", "**", "benchmarks/test_x.py", "benchmarks/test_x.py::test_y"]
)
def test_a_run_that_does_not_exist_is_refused_by_its_name(tmp_path: Path, asked: str) -> None:
    with pytest.raises(ConcurbenchError, match=re.escape(asked)):
        baseline.choose(asked, tmp_path)


def test_the_refusal_lists_the_saved_runs(tmp_path: Path) -> None:
    with pytest.raises(ConcurbenchError, match=r"no run '7' in .*here: .* holds no runs$"):
        baseline.choose("7", tmp_path / "here")
    (tmp_path / "there").mkdir()
    write(tmp_path / "there", "0003_abc.json")
    with pytest.raises(ConcurbenchError, match=r"no run '7' in .*here; .* holds:\n  there/0003, "):
        baseline.choose("7", tmp_path / "here")


def test_without_a_complete_run_there_is_nothing_to_compare_with(tmp_path: Path) -> None:
    assert baseline.choose(True, tmp_path) == (
        None, [f"nothing to compare with yet: no complete run in {tmp_path}"]
    )  # fmt: skip


def test_between_machines_cpu_bound_rows_are_scaled_by_their_yardstick() -> None:
    here = run(row("a", 4.0, yardstick="python_loop"), row("b", 4.0), yardsticks=(SLOW,))
    there = run(row("a", 1.0, yardstick="python_loop"), row("b", 1.0), home="there", yardsticks=(FAST,))
    comparison = compare(here, there)
    assert comparison.other_machine
    assert [comparison.ratio(each) for each in here.rows] == [2.0, 4.0]


def test_without_yardsticks_in_common_nothing_is_scaled() -> None:
    here = run(row("a", 4.0, yardstick="python_loop"), yardsticks=(SLOW,))
    comparison = compare(here, run(row("a", 1.0, yardstick="python_loop"), home="there"))
    assert (comparison.other_machine, comparison.ratio(here.rows[0])) == (True, 4.0)


def test_on_one_machine_nothing_is_scaled() -> None:
    here = run(row("a", 4.0, yardstick="python_loop"), yardsticks=(SLOW,))
    before = run(row("a", 1.0, yardstick="python_loop"), yardsticks=(FAST,))
    comparison = compare(here, before)
    assert (comparison.other_machine, comparison.ratio(here.rows[0])) == (False, 4.0)


def test_processors_with_the_same_name_and_other_numbers_are_two_machines() -> None:
    here, there = run(row("a", 4.0)), run(row("a", 1.0))
    here = replace(here, machine={"cpu_family": "23.1.2"})
    assert compare(here, replace(there, machine={"cpu_family": "25.17.1"})).other_machine
    for unknown in ({}, {"cpu_family": UNKNOWN}):  # an older run, another system
        assert not compare(here, replace(there, machine=unknown)).other_machine


def test_a_run_from_before_the_folder_had_the_numbers_is_of_the_same_machine() -> None:
    here = replace(run(row("a", 4.0), home="kvm-epyc-25.17.1-2c"), machine={"cpu_family": "25.17.1"})
    for home, other in (("kvm-epyc-2c", False), ("kvm-epyc-4c", True), ("kvm-epyc-1.5c", True)):
        assert compare(here, replace(here, home=home)).other_machine is other


@pytest.mark.parametrize(("one", "other"), [("3.13-jit", "3.14-jit"), ("3.13t", "3.13")])
def test_another_version_or_build_of_python_is_another_machine(one: str, other: str) -> None:
    here = run(row("a", 4.0), home=f"linux-kvm-amd-epyc-25.17.1-2c-cpython-{one}")
    assert not compare(here, here).other_machine
    there = replace(here, home=f"linux-kvm-amd-epyc-25.17.1-2c-cpython-{other}")
    assert compare(here, there).other_machine


def test_rows_that_are_new_or_of_other_work_have_no_ratio() -> None:
    gaps = (Metric("gap", "s", "lower", (0.4,)),)
    here = run(row("new", 1.0, metrics=gaps), row("a", 1.0, metrics=gaps), row("b", 3.0))
    changed = replace(row("a", 1.0, metrics=gaps), fingerprint="other")
    comparison = compare(here, run(changed, row("b", 1.0)))
    assert [comparison.ratio(each) for each in here.rows] == [None, None, 3.0]
    assert [bool(comparison.before(each)) for each in here.rows] == [False, False, True]
    assert comparison.metric_ratio(here.rows[1], gaps[0]) is None


@pytest.mark.parametrize(("before", "ratio"), [(0.2, 2.0), (0.0, None)])
def test_metrics_are_compared_as_times_are(before: float, ratio: float | None) -> None:
    now, then = (Metric("gap", "s", "lower", (value,)) for value in (0.4, before))
    here = row("a", 1.0, metrics=(now,))
    assert compare(run(here), run(replace(here, metrics=(then,)))).metric_ratio(here, now) == ratio
    assert compare(run(here), run(row("a", 1.0))).metric_ratio(here, now) is None


def test_differences_are_rows_of_other_work_and_facts_about_the_machine() -> None:
    here = run(row("a", 1.0), row("b", 1.0))
    before = run(row("a", 1.0), replace(row("b", 1.0), fingerprint="other"))
    assert differences(
        replace(here, machine={"kernel": "6.2", "load": 1}), replace(before, machine={"kernel": "6.1"})
    ) == [
        "not compared, because the work differs: primes[b]",
        "compared despite differences: kernel: 6.1 → 6.2",
    ]
    assert differences(here, None) == []
