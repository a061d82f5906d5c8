"""What is said below the tables of a run."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from concurbench.machine import NOT_TOLD
from concurbench.report.footnotes import changes, compared, legend, remarks
from concurbench.report.summary import summary
from concurbench.report.text import as_text
from concurbench.results.runs import Row, Run

SLOW = {"python_loop": [[0.0, 0.004], [1.0, 0.004]]}
FAST = {"python_loop": [[0.0, 0.002], [1.0, 0.002]]}


def row(model: str, *seconds: float, passes: int = 1, **more: Any) -> Row:
    return Row(
        f"t.py::test_primes[{model}]", "primes", model, None, 2, seconds, None, None, "w",
        passes=passes, **more,
    )  # fmt: skip


def run(*rows: Row, home: str = "here", passes: int = 1, **more: object) -> Run:
    made = Run(Path("0003_x.json"), {}, True, rows, passes=passes, home=home)
    return replace(made, **more)  # type: ignore[arg-type]  # any of its fields


def test_the_spread_of_one_pass_claims_nothing_of_the_next_run() -> None:
    [line] = legend(run(row("a", 1.0, 2.0)))
    assert "tells little of the next run" in line


def test_the_claim_is_told_for_each_number_of_passes() -> None:
    short, long = row("a", *[1.0] * 5, passes=5), row("b", *[1.0] * 3, passes=3)
    [line] = legend(run(short, long, passes=5))
    assert line.endswith("83% with 5 passes, 60% with 3 passes")


def test_the_claim_is_that_of_the_interval_which_leaves_some_passes_out() -> None:
    many = row("a", *map(float, range(1, 11)), passes=10)
    assert many.interval is not None
    assert many.interval.low == 2.0
    [line] = legend(run(many, passes=10))
    assert line.endswith(f"{many.interval.claim:.0%} with 10 passes")
    assert many.interval.claim < 0.9


def test_marks_are_explained_the_disturbed_rows_by_the_worst_of_them() -> None:
    rows = [
        row("a", 1.0, disturbed="little", taken=0.11),
        row("b", 1.0, disturbed="much", taken=0.9),
        row("c", 1.0, doubt="y"),
    ]
    lines = [*legend(run(*rows))][1:]
    assert lines == ["! disturbed: primes[b]: much, and 1 more row", "? limit doubtful: primes[c]: y"]
    shown = as_text(summary(rows), 80)
    assert [line.split()[-1] for line in shown.splitlines()[3:6]] == ["1!", "1!", "1"]


def test_of_many_doubtful_rows_the_first_few_are_told() -> None:
    lines = [*legend(run(*[row(name, 1.0, doubt="why") for name in "abcdef"]))][1:]
    assert lines[-2:] == ["? limit doubtful: primes[c]: why", "? and 3 more rows"]


def test_rows_that_compute_are_divided_by_how_much_slower_another_machine_is() -> None:
    here = run(row("a", 4.0, yardstick="python_loop"), row("b", 4.0), yardsticks=(SLOW,))
    there = run(row("a", 1.0, yardstick="python_loop"), row("b", 1.0), home="there", yardsticks=(FAST,))
    base = compared(here, there)
    assert [base.ratio(each) for each in here.rows] == ["2.00", "4.00"]
    assert base.heading == "vs 0003*"
    assert [*legend(here, base)][-1] == (
        "* another machine: what computes is divided by how much slower this one is "
        "(pure Python loop 2.00)"
    )


def test_another_machine_without_yardsticks_is_compared_as_it_is_and_said_to_be_another() -> None:
    here = run(row("a", 4.0, yardstick="python_loop"), yardsticks=(SLOW,))
    base = compared(here, run(row("a", 1.0, yardstick="python_loop"), home="there"))
    assert (base.heading, base.ratio(here.rows[0])) == ("vs 0003*", "4.00")
    assert [*legend(here, base)][-1] == "* another machine: as it is"


def test_the_same_machine_is_compared_as_it_is() -> None:
    here = run(row("a", 4.0, yardstick="python_loop"), yardsticks=(SLOW,))
    before = run(row("a", 1.0, yardstick="python_loop"), yardsticks=(FAST,))
    base = compared(here, before)
    assert (base.heading, base.ratio(here.rows[0])) == ("vs 0003", "4.00")


def test_processors_that_a_hypervisor_gives_one_name_are_two_machines() -> None:
    slow = run(row("a", 4.0, yardstick="python_loop"), yardsticks=(SLOW,))
    fast = run(row("a", 1.0, yardstick="python_loop"), yardsticks=(FAST,))
    here, there = (
        replace(each, machine={"cpu_family": numbers})
        for each, numbers in ((slow, "23.1.2"), (fast, "25.17.1"))
    )
    base = compared(here, there)
    assert (base.heading, base.ratio(here.rows[0])) == ("vs 0003*", "2.00")
    for unknown in ({}, {"cpu_family": NOT_TOLD}):  # of an older run, and of another system
        assert compared(here, replace(there, machine=unknown)).heading == "vs 0003"


def test_what_else_has_changed_since_is_told() -> None:
    here = run(row("a", 1.0), row("b", 1.0), machine={"kernel": "6.2", "load": 1})
    before = run(row("a", 1.0), replace(row("b", 1.0), fingerprint="other"), machine={"kernel": "6.1"})
    assert changes(here, before) == [
        "not compared, for it is different work now: primes[b]",
        "compared across a change of kernel: 6.1 → 6.2",
    ]
    assert changes(here, None) == []


def test_skips_what_was_left_out_and_notes_are_told() -> None:
    told = run(row("a", 1.0), skipped={"x": "no package y"}, left_out=2, notes=("so",))
    assert [*remarks(told)] == [
        "1 row skipped: 1 × no package y",
        "2 rows not run by default: --models=all",
        "note: so",
    ]


def test_a_machine_that_drifted_over_the_passes_is_told_of() -> None:
    fast = {"python_loop": [[float(each), 0.002] for each in range(5)]}
    slow = {"python_loop": [[float(each), 0.003] for each in range(5)]}
    [line] = remarks(run(row("a", 1.0), yardsticks=(fast, slow)))
    assert line == "note: the machine drifted: python_loop took 2.0 ms early and 3.0 ms late"
