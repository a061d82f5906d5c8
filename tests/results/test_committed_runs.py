"""The runs that the repository holds: what is published is to be believed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from concurbench.results import runs
from concurbench.results.runs import POSSIBLE, short_name

ROOT = Path(__file__).parents[2]

RUNS = sorted((ROOT / "results").glob("*/[0-9][0-9][0-9][0-9]_*.json"))


@pytest.mark.parametrize("path", RUNS, ids=lambda path: f"{path.parent.name}/{path.name[:4]}")
def test_no_row_beats_its_limit_without_being_marked(path: Path) -> None:
    content = json.loads(path.read_text(encoding="utf-8"))
    notes = " ".join(content["concurbench"]["notes"])
    for row in content["benchmarks"]:
        info = row["extra_info"]
        if (info["efficiency"] or 0) > POSSIBLE:
            # A run of the time before there was a mark says it in a note.
            assert info.get("doubt") or f"{short_name(row['fullname'])} beats its limit" in notes


@pytest.mark.parametrize("path", RUNS, ids=lambda path: f"{path.parent.name}/{path.name[:4]}")
def test_its_figures_follow_from_its_rounds(path: Path) -> None:
    content = json.loads(path.read_text(encoding="utf-8"))
    run = runs.read(path)
    assert run.complete
    for row in content["benchmarks"]:
        info = row["extra_info"]
        assert row["stats"]["median"] == pytest.approx(run.by_id[row["fullname"]].median)
        if info.get("limit"):
            assert info["efficiency"] == pytest.approx(info["limit"] / row["stats"]["median"])
        for visit, median in zip(info.get("passes", ()), row["stats"]["data"], strict=False):
            assert sorted(visit["seconds"])[0] <= median <= sorted(visit["seconds"])[-1]


def test_there_are_some() -> None:
    assert RUNS
