"""One run of several passes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from concurbench.results import runs
from concurbench.results.merge import changed, merge
from concurbench.results.row import Row
from tests.conftest import stats


def benchmark(model: str, *seconds: float, **info: Any) -> dict[str, Any]:
    return {
        "fullname": f"test_a[{model}]",
        "name": f"test_a[{model}]",
        "group": "g",
        "extra_info": {"model": model, "fingerprint": "f", **info},
        "stats": {**stats(*seconds), "iterations": 1},
    }


def content(*rows: dict[str, Any], **ours: Any) -> dict[str, Any]:
    default = {
        "format": 2, "home": "here", "passes": 1, "complete": True, "incomplete": [], "skipped": {},
        "left_out": 2, "notes": [], "yardsticks": [{}], "workloads": {"a": {"question": "q"}},
        "gil": {"start": True, "end": True, "switched_on_by": []},
    }  # fmt: skip
    return {"machine_info": {}, "benchmarks": list(rows), "concurbench": {**default, **ours}}


def merged_rows(*passes: dict[str, Any]) -> tuple[Row, ...]:
    return runs.parse(merge(passes), Path("0001_x.json")).rows


def test_the_times_of_the_run_are_the_medians_of_its_passes_and_every_round_is_kept() -> None:
    merged = merge([content(benchmark("a", 1, 2, 9)), content(benchmark("a", 4)), content()])
    [row] = merged["benchmarks"]
    assert row["stats"]["data"] == [2, 4]
    assert (row["stats"]["median"], row["stats"]["rounds"]) == (3, 2)
    passes = [(each["number"], each["seconds"]) for each in row["extra_info"]["passes"]]
    assert passes == [(1, [1, 2, 9]), (2, [4])]


def test_what_the_session_says_of_itself_is_kept_with_the_number_of_passes() -> None:
    ours = merge([content(), content(yardsticks=[{"python_loop": [[0, 1]]}])])["concurbench"]
    assert (ours["passes"], ours["format"], ours["left_out"]) == (2, 2, 2)
    assert ours["workloads"] == {"a": {"question": "q"}}
    assert ours["yardsticks"] == [{}, {"python_loop": [[0, 1]]}]


def test_a_single_pass_stays_as_it_is() -> None:
    alone = content(benchmark("a", 1, 2, 3))
    assert merge([alone]) == alone


def test_what_differs_between_passes_is_kept_beside_their_rounds() -> None:
    steal = [{"steal": 0.0}, {"steal": 0.4}, {"steal": None}]
    merged = merge([content(benchmark("a", 1, items=3, around=around)) for around in steal])
    info = merged["benchmarks"][0]["extra_info"]
    assert info == {"model": "a", "fingerprint": "f", "items": 3, "passes": info["passes"]}
    assert [each["around"] for each in info["passes"]] == steal
    assert "items" not in info["passes"][0]


def test_nothing_derived_is_written() -> None:
    near = {"workers": 2, "capacity_near": 2.0, "around": {"steal": 0.5}}
    row = merge([content(benchmark("a", 1, **near))] * 3)["benchmarks"][0]
    assert row["extra_info"].keys() == {"model", "fingerprint", "passes", *near}


def test_limits_and_marks_follow_from_the_passes_when_the_run_is_read() -> None:
    base = benchmark("sequential", 4, workers=1, capacity_near=1.0, around={"steal": 0.2})
    near = (1.0, 2.0, 2.0)
    fast = [benchmark("t", 1, workers=2, capacity_near=each, around={"steal": 0.0}) for each in near]
    _, row = merged_rows(*(content(base, each) for each in fast))
    assert (row.capacity_near, row.limit, row.efficiency) == (2.0, 2.0, 2.0)
    assert row.limit_check == "steal 20 % during sequential"


@pytest.mark.parametrize("values", [[(1, 2, 9), (4,)], [(2, 3, 9), (2, 3, 9)]])
def test_each_pass_counts_once_in_a_metric(values: list[tuple[float, ...]]) -> None:
    passes = [
        content(benchmark("a", 1, metrics={"gap": {"unit": "s", "better": "lower", "values": each}}))
        for each in values
    ]
    [row] = merged_rows(*passes)
    assert row.metrics[0].values == tuple(sorted(each)[len(each) // 2] for each in values)


def test_a_note_names_its_passes_unless_all_made_it() -> None:
    merged = merge([content(notes=["x"]), content(notes=["x", "y"]), content(notes=["x"])])
    assert merged["concurbench"]["notes"] == ["x", "y (pass 2)"]


def test_notes_that_differ_only_in_a_number_are_one() -> None:
    merged = merge([content(notes=["43% busy (load 1.5)"]), content(notes=["9% busy (load 0.5)"])])
    assert merged["concurbench"]["notes"] == ["43% busy (load 1.5)"]


def test_it_is_complete_only_if_every_pass_is() -> None:
    assert merge([content(), content()])["concurbench"]["complete"] is True
    merged = merge([content(), content(incomplete=["why"]), content(incomplete=["why"])])
    assert merged["concurbench"]["complete"] is False
    assert merged["concurbench"]["incomplete"] == ["why"]


def test_a_lock_that_was_on_in_one_pass_was_on_in_the_run() -> None:
    off = {"start": False, "end": False, "switched_on_by": []}
    on = {"start": False, "end": True, "switched_on_by": ["m"]}
    merged = merge([content(gil=off), content(gil=on)])
    assert merged["concurbench"]["gil"] == on


@pytest.mark.parametrize("what", ["fingerprint", "source"])
def test_a_row_edited_between_two_passes_is_detected(what: str) -> None:
    first = content(benchmark("a", 1, source="s"), benchmark("b", 1, source="s"))
    second = content(benchmark("a", 1, **{"source": "s", what: "other"}), benchmark("b", 1, source="s"))
    assert changed([first, first]) == []
    assert changed([first, second]) == ["test_a[a]"]
