"""The lines below the tables of a run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from concurbench.report.footnotes import legend, remarks, skips
from concurbench.report.summary import summary
from concurbench.report.text import as_text
from concurbench.results.baseline import compare
from concurbench.results.row import Conditions, Metric, Pass, Row
from concurbench.results.runs import Run

SLOW = {"python_loop": [[0.0, 0.004], [1.0, 0.004]]}
FAST = {"python_loop": [[0.0, 0.002], [1.0, 0.002]]}


def row(model: str, *medians: float, steal: float = 0.0, **more: Any) -> Row:
    """A row with a pass for each median."""
    by_pass = tuple(
        Pass(number, (median,), Conditions(steal)) for number, median in enumerate(medians, start=1)
    )
    return Row(f"t.py::test_primes[{model}]", "primes", model, medians, by_pass=by_pass, **more)


def run(*rows: Row, home: str = "here", **more: Any) -> Run:
    return Run(Path("0003_x.json"), {}, True, rows, home=home, **more)


def test_one_pass_predicts_nothing_about_the_next_run() -> None:
    [line] = legend(run(row("a", 1.0)))
    assert line.startswith("± spread of the rounds in one pass, not a prediction for the next run")


def test_the_claim_of_the_interval_is_given_for_each_number_of_passes() -> None:
    [line] = legend(run(row("a", *[1.0] * 5), row("b", *[1.0] * 3), passes=5))
    assert line == "± 83 % prediction interval of the next run's median (5 passes); 60 % (3 passes)"


def test_the_claim_is_that_of_an_interval_with_outermost_passes_left_out() -> None:
    many = row("a", *map(float, range(1, 11)))
    assert many.interval is not None
    assert many.interval.low == 2.0
    [line] = legend(run(many, passes=10))
    assert f"± {many.interval.claim * 100:.0f} % prediction" in line
    assert many.interval.claim < 0.9


def test_too_few_passes_have_no_interval() -> None:
    [line] = legend(run(row("a", 1.0, 2.0), passes=2))
    assert line == "± range of the passes: a prediction interval needs at least 3"


def test_the_signs_of_metrics_are_explained_if_there_are_metrics() -> None:
    metrics = (Metric("gap", "s", "lower", (1.0,)),)
    assert [*legend(run(row("a", 1.0, metrics=metrics)))][1:] == [
        "↓ lower is better, ↑ higher is better"
    ]


def test_signs_of_rows_are_explained_with_the_worst_disturbance() -> None:
    rows = [
        row("a", 1.0, steal=0.11),
        row("b", 1.0, steal=0.9),
        row("c", 1.0, limit=2.0, limit_check="why"),
    ]
    lines = [*legend(run(*rows))][1:]
    assert lines == [
        "! disturbed: primes[b]: steal 90 %, and 1 more row",
        "? faster than its limit: primes[c]: why",
    ]
    shown = as_text(summary(run(*rows)), 80).splitlines()
    assert [line.split()[-1] for line in shown[4:7]] == ["!", "!", "?"]


def test_of_many_rows_faster_than_their_limits_the_first_few_are_listed() -> None:
    lines = [*legend(run(*[row(name, 1.0, limit_check="why") for name in "abcdef"]))][1:]
    assert lines[-2:] == ["? faster than its limit: primes[c]: why", "? and 3 more rows"]


@pytest.mark.parametrize(
    ("yardstick", "there", "scaling"),
    [
        (
            "python_loop", FAST,
            "CPU-bound rows are scaled by the yardstick ratio (pure Python loop 2.00)",
        ),
        ("python_loop", {}, "no row is scaled, because the runs have no yardstick in common"),
        (None, FAST, "no row is CPU-bound, so none is scaled"),
    ],
)  # fmt: skip
def test_another_machine_is_named_with_how_rows_are_scaled(
    yardstick: str | None, there: Any, scaling: str
) -> None:
    here = run(row("a", 4.0, yardstick=yardstick), row("b", 4.0), yardsticks=(SLOW,))
    comparison = compare(here, run(row("a", 1.0), home="there", yardsticks=(there,)))
    assert [*legend(here, comparison)][-1] == f"* other machine: {scaling}"


def test_the_same_machine_needs_no_explanation() -> None:
    here = run(row("a", 4.0))
    assert [*legend(here, compare(here, here))] == [*legend(here)]


def test_skips_rows_that_are_not_default_and_notes_are_listed() -> None:
    made = run(row("a", 1.0), skipped={"x": "no package y"}, left_out=2, notes=("so",))
    assert [*remarks(made)] == [
        "1 row skipped: 1 × no package y",
        "Default models only; 2 more rows with --models=all",
        "note: so",
    ]


def test_skips_are_counted_by_reason_the_most_frequent_first() -> None:
    reasons = ["needs Python >=3.14", "no package x", "no package x"]
    assert skips(reasons) == "3 rows skipped: 2 × no package x · 1 × needs Python >=3.14"


def test_a_machine_that_drifted_over_the_passes_is_noted() -> None:
    fast = {"python_loop": [[float(each), 0.002] for each in range(5)]}
    slow = {"python_loop": [[float(each), 0.003] for each in range(5)]}
    [line] = remarks(run(row("a", 1.0), yardsticks=(fast, slow)))
    assert line == "note: machine drift: pure Python loop took 2.0 ms early and 3.0 ms late"
