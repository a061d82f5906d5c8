"""Which runs are complete."""

from __future__ import annotations

from concurbench.measure.outcomes import Outcomes


def complete() -> Outcomes:
    counted = Outcomes()
    counted.rows = ["a", "b", "c"]
    counted.passed = {"a", "b"}
    counted.skipped = {"c": "no package x"}
    return counted


def test_all_timed_or_skipped_with_a_reason_is_complete() -> None:
    assert complete().why_incomplete(0, timed=["a", "b"]) == []


def test_each_reason_against_it_is_told_once() -> None:
    narrowed = complete()
    narrowed.narrowed = ["--cases=few", "rows were deselected", "rows were deselected"]
    assert narrowed.why_incomplete(0, timed=["a", "b"]) == ["--cases=few", "rows were deselected"]


def test_failed_and_missing_rows_are_counted() -> None:
    failed = complete()
    failed.rows.append("d")
    failed.failed = {"b"}
    assert failed.why_incomplete(1, timed=["a", "b"]) == ["1 of 4 rows failed", "1 of 4 rows never ran"]
    assert failed.proven == {"a"}


def test_a_bad_end_without_a_bad_row_is_not_complete() -> None:
    assert complete().why_incomplete(3, timed=["a", "b"]) == ["pytest ended with exit code 3"]


def test_a_row_that_passed_without_being_timed_is_not_complete() -> None:
    assert complete().why_incomplete(0, timed=["a"]) == ["1 of 3 rows timed nothing"]


def test_a_run_that_skipped_everything_is_not_complete() -> None:
    skipped = complete()
    skipped.rows, skipped.passed = ["c"], set()
    assert skipped.why_incomplete(0, timed=[]) == ["nothing was timed"]
