"""Which runs are complete."""

from __future__ import annotations

from concurbench.measure.outcomes import Tally
from concurbench.measure.skips import counted


def tally() -> Tally:
    counted = Tally()
    counted.rows = ["a", "b", "c"]
    counted.passed = {"a", "b"}
    counted.skipped = {"c": "no package x"}
    return counted


def test_all_timed_or_skipped_with_a_reason_is_complete() -> None:
    assert tally().why_incomplete(0, timed=["a", "b"]) == []


def test_each_reason_against_it_is_told_once() -> None:
    narrowed = tally()
    narrowed.narrowed = ["--cases=few", "rows were deselected", "rows were deselected"]
    assert narrowed.why_incomplete(0, timed=["a", "b"]) == ["--cases=few", "rows were deselected"]


def test_failed_and_missing_rows_are_counted() -> None:
    failed = tally()
    failed.rows.append("d")
    failed.failed = {"b"}
    assert failed.why_incomplete(1, timed=["a", "b"]) == ["1 of 4 rows failed", "1 of 4 rows never ran"]
    assert failed.proven == {"a"}


def test_a_bad_end_without_a_bad_row_is_not_complete() -> None:
    assert tally().why_incomplete(3, timed=["a", "b"]) == ["pytest ends with exit code 3"]


def test_a_row_that_passed_without_being_timed_is_not_complete() -> None:
    assert tally().why_incomplete(0, timed=["a"]) == ["1 of 3 rows timed nothing"]


def test_a_run_that_skipped_everything_is_not_complete() -> None:
    skipped = tally()
    skipped.rows, skipped.passed = ["c"], set()
    assert skipped.why_incomplete(0, timed=[]) == ["nothing was timed"]


def test_skips_are_counted_by_reason() -> None:
    reasons = ["no package x", "needs Python >=3.14", "no package x"]
    assert counted(reasons) == "3 rows skipped: 2 × no package x · 1 × needs Python >=3.14"
