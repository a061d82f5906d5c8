"""The runs in the repository stay readable, and their figures follow from what was measured."""

from __future__ import annotations

import json
import statistics
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from concurbench.results import runs
from concurbench.results.baseline import compare
from concurbench.results.limits import MAX_EFFICIENCY
from concurbench.results.row import Row
from concurbench.results.runs import Run

ROOT = Path(__file__).parents[2]

RUNS = sorted((ROOT / "results").glob("*/[0-9][0-9][0-9][0-9]_*.json"))

each_run = pytest.mark.parametrize("path", RUNS, ids=lambda path: f"{path.parent.name}/{path.name[:4]}")


@cache
def content(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


@cache
def run(path: Path) -> Run:
    return runs.parse(content(path), path)


def rows(path: Path) -> Iterator[tuple[Any, Row]]:
    for row in content(path)["benchmarks"]:
        yield row, run(path).by_id[row["fullname"]]


def test_there_are_some() -> None:
    assert RUNS


@each_run
def test_it_is_complete_and_its_medians_follow_from_its_rounds(path: Path) -> None:
    assert run(path).complete
    for saved, row in rows(path):
        assert row.median == pytest.approx(saved["stats"]["median"])
        for each, median in zip(row.by_pass, row.seconds, strict=row.passes > 1):
            assert row.passes == 1 or median == statistics.median(each.seconds)


@pytest.mark.parametrize(
    "path",
    [each for each in RUNS if content(each)[runs.OURS].get("format", 1) == 1],
    ids=lambda path: f"{path.parent.name}/{path.name[:4]}",
)
def test_the_limits_computed_now_are_those_that_format_1_saved(path: Path) -> None:
    for saved, row in rows(path):
        info = saved["extra_info"]
        assert row.limit == (info["limit"] and pytest.approx(info["limit"]))
        assert row.efficiency == (info["efficiency"] and pytest.approx(info["efficiency"]))
        assert bool(row.disturbed) == bool(info.get("disturbed"))


@each_run
def test_every_row_faster_than_its_limit_says_why(path: Path) -> None:
    for _, row in rows(path):
        assert bool(row.limit_check) == ((row.efficiency or 0.0) > MAX_EFFICIENCY)


def test_the_runs_of_two_machines_are_comparable() -> None:
    newest = {path.parent: path for path in RUNS}
    one, other, *_ = newest.values()
    comparison = compare(run(other), run(one))
    assert comparison.other_machine
    assert {"python_loop", "c_code"} <= comparison.yardsticks.keys()
