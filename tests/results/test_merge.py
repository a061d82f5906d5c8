"""One run of several passes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from concurbench.results import runs
from concurbench.results.merge import changed, merge
from tests.conftest import stats


def benchmark(model: str, *seconds: float, **info: Any) -> dict[str, Any]:
    return {
        "fullname": f"test_a[{model}]",
        "name": f"test_a[{model}]",
        "group": "g",
        "extra_info": {"model": model, "fingerprint": "f", "around": {}, **info},
        "stats": {**stats(*seconds), "iterations": 1},
    }


def sequential(*seconds: float, **info: Any) -> dict[str, Any]:
    return benchmark("sequential", *seconds, workers=1, capacity_near=1.0, **info)


def content(*rows: dict[str, Any], **ours: Any) -> dict[str, Any]:
    told = {
        "home": "here", "passes": 1, "complete": True, "incomplete": [], "skipped": {}, "left_out": 2,
        "notes": [], "yardsticks": [{}], "gil": {"start": True, "end": True, "switched_on_by": []},
    }  # fmt: skip
    return {"machine_info": {}, "benchmarks": list(rows), "concurbench": {**told, **ours}}


def test_the_median_of_a_pass_is_one_observation_and_every_round_is_kept() -> None:
    merged = merge([content(benchmark("a", 1, 2, 9)), content(benchmark("a", 4)), content()])
    [row] = merged["benchmarks"]
    assert row["stats"]["data"] == [2, 4]
    assert (row["stats"]["median"], row["stats"]["rounds"]) == (3, 2)
    passes = [(each["number"], each["seconds"]) for each in row["extra_info"]["passes"]]
    assert passes == [(1, [1, 2, 9]), (2, [4])]
    assert merged["concurbench"]["passes"] == 3


def test_of_a_metric_too_the_median_of_a_pass_is_one_observation() -> None:
    def visit(*values: float) -> dict[str, Any]:
        kept = {"gap": {"unit": "s", "better": "lower", "values": list(values)}}
        return content(benchmark("a", 1, metrics=kept))

    [row] = merge([visit(1, 2, 9), visit(4), content(benchmark("a", 1))])["benchmarks"]
    assert row["extra_info"]["metrics"]["gap"]["values"] == [2, 4]
    assert row["extra_info"]["passes"][0]["metrics"]["gap"]["values"] == [1, 2, 9]


def test_a_single_pass_is_a_run_as_it_is() -> None:
    alone = content(benchmark("a", 1, 2, 3))
    assert merge([alone]) == alone


def test_the_limit_comes_from_the_medians_over_the_passes() -> None:
    merged = merge(
        [
            content(sequential(4), benchmark("t", 3, workers=2, capacity_near=1.0)),
            content(sequential(6), benchmark("t", 3, workers=2, capacity_near=2.0)),
            content(sequential(5), benchmark("t", 3, workers=2, capacity_near=2.0)),
        ]
    )
    info = merged["benchmarks"][1]["extra_info"]
    assert (info["capacity"], info["limit"]) == (2.0, 2.5)
    assert info["efficiency"] == pytest.approx(2.5 / 3)
    assert info["doubt"] == ""


def test_what_beats_its_limit_over_the_passes_is_doubted() -> None:
    around = {"steal": 0.2}
    merged = merge(
        [
            content(
                sequential(4, around=around),
                benchmark("t", 1, workers=2, capacity_near=2.0),
            )
        ]
        * 3
    )
    assert merged["benchmarks"][1]["extra_info"]["doubt"] == "steal 20% beside sequential"


def test_what_differs_between_visits_stands_beside_their_rounds() -> None:
    merged = merge(
        [
            content(benchmark("a", 1, items=3, around={"steal": 0.0}, disturbed="")),
            content(benchmark("a", 1, items=3, around={"steal": 0.4}, disturbed="steal 40%")),
            content(benchmark("a", 1, items=3, around={"steal": None}, disturbed="")),
        ]
    )
    info = merged["benchmarks"][0]["extra_info"]
    assert info["items"] == 3
    assert info["around"] == {"steal": 0.2}
    assert info["disturbed"] == "steal 40% (1 of 3 passes)"
    assert [each["around"] for each in info["passes"]] == [{"steal": s} for s in (0.0, 0.4, None)]
    assert "items" not in info["passes"][0]


def test_a_note_says_in_which_passes_it_was_made_unless_in_all() -> None:
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
def test_a_row_that_changes_while_it_is_measured_is_found_out(what: str) -> None:
    first = content(benchmark("a", 1, source="s"), benchmark("b", 1, source="s"))
    second = content(benchmark("a", 1, **{"source": "s", what: "other"}), benchmark("b", 1, source="s"))
    assert changed([first, first]) == []
    assert changed([first, second]) == ["test_a[a]"]


def test_a_limit_that_follows_from_what_each_pass_measures_is_the_median_too() -> None:
    merged = merge([content(benchmark("a", 4, limit=limit)) for limit in (1.0, 3.0, 2.0)])
    info = merged["benchmarks"][0]["extra_info"]
    assert (info["limit"], info["efficiency"]) == (2.0, 0.5)


def test_the_worst_disturbance_is_the_one_that_is_told() -> None:
    merged = merge(
        [
            content(benchmark("a", 1, around={"steal": 0.11}, disturbed="steal 11%")),
            content(benchmark("a", 1, around={"steal": 0.0}, disturbed="")),
            content(benchmark("a", 1, around={"steal": 0.95}, disturbed="steal 95%")),
        ]
    )
    row = runs.parse(merged, Path("0001_x.json")).rows[0]
    assert row.disturbed == "steal 95% (2 of 3 passes)"
    assert row.taken == 0.95


def test_its_row_has_an_interval_over_passes_and_that_of_one_pass_has_none() -> None:
    merged = merge([content(benchmark("a", median, median + 5)) for median in (1.0, 3.0, 2.0)])
    row = runs.parse(merged, Path("0001_x.json")).rows[0]
    assert row.passes == 3
    assert row.interval is not None
    assert (row.interval.low, row.interval.high, row.spread) == (3.5, 5.5, (3.5, 5.5))
    alone = runs.parse(content(benchmark("a", 1.0, 2.0, 3.0)), Path("0001_x.json")).rows[0]
    assert (alone.passes, alone.interval) == (1, None)
