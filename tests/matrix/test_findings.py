"""What follows from a matrix, and how it looks; every time is made up."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from concurbench.matrix.findings import Findings, find
from concurbench.matrix.matrix import LONGEST, Lane, Slice, Visit, measure, slices, visits
from concurbench.matrix.record import unpacked
from concurbench.matrix.table import number, table
from concurbench.report.text import COLUMNS, as_text
from concurbench.runner.child import ChildResult, CollectedRow
from tests.conftest import stats

LANES = ["3.11", "3.13t"]
NAMED = [Lane(name, name, Path("nothing is started")) for name in LANES]
ROWS = [CollectedRow(f"test_x.py::test_x[{name}]", name, "x") for name in ("sequential", "threaded")]


def visit(
    lane: str, number: int = 1, *, start: str | None = None, machine: dict[str, Any] | None = None,
    ours: dict[str, Any] | None = None, trouble: str = "", **times: float | str | None,
) -> Visit:  # fmt: skip
    """A session of all rows: model -> seconds, or what became of it; None is a row that never ran."""
    outcomes: dict[str, tuple[str, str]] = {}
    benchmarks = []
    for row in ROWS:
        told = times.get(row.model)
        if isinstance(told, str):
            kind, _, why = told.partition(": ")
            outcomes[row.id] = (kind, why)
        elif told is not None:
            outcomes[row.id] = ("passed", "")
            benchmarks.append(
                {
                    "fullname": row.id, "name": row.model, "group": "x · small", "stats": stats(told),
                    "extra_info": {"model": row.model, "workers": 2, "start_method": start},
                }
            )  # fmt: skip
    content = {"machine_info": machine or {}, "benchmarks": benchmarks, "concurbench": ours or {}}
    ended = ChildResult(1.0, ROWS, outcomes, content if benchmarks else None, trouble)
    return Visit(number, lane, tuple(row.id for row in ROWS), ended)


def text(*made: Visit, lanes: Sequence[str] = LANES) -> str:
    return as_text(table(find(lanes, ROWS, made)), COLUMNS)


def ratios(found: Findings, model: str) -> list[float | None]:
    [line] = [line for group in found.groups for line in group.lines if line.model == model]
    return [cell.ratio for cell in line.cells.values()]


def test_a_cell_is_how_many_times_as_fast_as_the_first_lanes_baseline() -> None:
    found = find(
        LANES, ROWS,
        [visit("3.11", sequential=4.0, threaded=2.0), visit("3.13t", sequential=8.0, threaded=1.0)],
    )  # fmt: skip
    assert ratios(found, "sequential") == [1.0, 0.5]
    assert ratios(found, "threaded") == [2.0, 4.0]
    assert found.groups[0].reference == 4.0
    assert [line.model for line in found.groups[0].lines] == ["threaded", "sequential"]


def test_a_pass_is_compared_with_itself_and_the_median_over_passes_is_shown() -> None:
    made = [
        visit(lane, number, sequential=4.0 * slow, threaded=times * slow)
        for lane in LANES
        for number, (slow, times) in enumerate([(1, 1.0), (5, 2.0), (1, 2.0)], start=1)
    ]
    found = find(LANES, ROWS, made)
    assert ratios(found, "threaded") == [2.0, 2.0]
    [threaded] = [line for line in found.groups[0].lines if line.model == "threaded"]
    assert threaded.cells["3.11"].ratios == [4.0, 2.0, 2.0]
    assert threaded.cells["3.11"].spread == 0.5
    assert "Medians of 3 passes; spread at most ± 50%" in text(*made)


def test_without_a_baseline_each_row_is_compared_with_itself() -> None:
    made = [visit("3.11", threaded=2.0), visit("3.13t", threaded=1.0)]
    rows = [ROWS[1]]
    found = find(LANES, rows, [Visit(1, each.lane, (rows[0].id,), each.ended) for each in made])
    assert ratios(found, "threaded") == [1.0, 2.0]
    assert "as fast as the same row in 3.11" in as_text(table(found), COLUMNS)


def test_a_skipped_row_is_a_dash_with_its_reason_counted_below() -> None:
    told = text(
        visit("3.11", sequential=1.0, threaded=1.0),
        visit("3.13t", sequential=1.0, threaded="skipped: no package distributed"),
    )
    assert "threaded   1.00     –" in told
    assert "– 3.13t: 1 × no package distributed" in told


def test_a_failed_row_is_told_with_its_reason_also_where_another_pass_was_well() -> None:
    made = [
        visit("3.11", sequential=1.0, threaded=1.0),
        visit("3.13t", sequential=1.0, threaded="failed: AssertionError: 3 of 4"),
        visit("3.11", 2, sequential=1.0, threaded=1.0),
        visit("3.13t", 2, sequential=1.0, threaded=1.0),
    ]
    assert find(LANES, ROWS, made).failed == [(ROWS[1].id, "3.13t", "AssertionError: 3 of 4")]
    told = text(*made)
    assert "threaded   1.00 failed" in told
    assert "failed: x[threaded] in 3.13t: AssertionError: 3 of 4" in told


def test_rows_of_a_session_that_died_have_failed_with_its_reason() -> None:
    made = [
        visit("3.11", sequential=1.0, threaded=1.0),
        visit("3.13t", trouble="pytest was ended by SIGSEGV"),
    ]
    assert {why for _, _, why in find(LANES, ROWS, made).failed} == {"pytest was ended by SIGSEGV"}
    assert "failed: x[sequential] and 1 more in 3.13t: pytest was ended by SIGSEGV" in " ".join(
        text(*made).split()
    )


def test_what_was_not_visited_yet_is_blank() -> None:
    assert not find(LANES, ROWS, [visit("3.11", sequential=1.0, threaded=1.0)]).failed
    assert "sequential 1.00\n" in text(visit("3.11", sequential=1.0, threaded=1.0))


def test_a_row_that_a_lane_does_not_have_is_no_failure() -> None:
    other = visit("3.13t", sequential=1.0)
    other = Visit(
        1, "3.13t", other.rows, ChildResult(1.0, ROWS[:1], other.ended.outcomes, other.ended.content)
    )
    told = text(visit("3.11", sequential=1.0, threaded=1.0), other)
    assert "– 3.13t: 1 × no such row there" in told


@pytest.mark.parametrize(
    ("machine", "ours", "locked"),
    [
        ({"free_threaded": True, "gil_enabled": False}, {}, False),
        ({"free_threaded": True, "gil_enabled": True}, {}, True),
        ({"free_threaded": False, "gil_enabled": True}, {}, False),
        (
            {"free_threaded": True},
            {"gil": {"start": False, "end": True, "switched_on_by": ["fastparser"]}},
            True,
        ),
        ({"free_threaded": True}, {"gil": {"start": False, "end": False, "switched_on_by": []}}, False),
    ],
)
def test_a_free_threaded_build_that_had_its_lock_on_says_so(
    machine: dict[str, Any], ours: dict[str, Any], locked: bool
) -> None:
    told = text(
        visit("3.11", sequential=1.0, threaded=1.0),
        visit("3.13t", sequential=1.0, threaded=1.0, machine=machine, ours=ours),
    )
    assert ("GIL on" in told) is locked
    assert ("ran with the interpreter lock on" in told) is locked
    if "gil" in ours and locked:
        assert "switched on by fastparser" in told


def test_start_methods_are_shown_and_a_difference_is_loud() -> None:
    alike = [visit(lane, start="spawn", sequential=1.0, threaded=1.0) for lane in LANES]
    assert "threaded   spawn" in text(*alike)
    assert "WARNING" not in text(*alike)
    other = visit("3.13t", start="fork", sequential=1.0, threaded=1.0)
    told = text(alike[0], other)
    assert "threaded   differs" in told
    assert "threaded: its start method differs: spawn in 3.11, fork in 3.13t" in told


def test_the_header_says_what_is_measured_and_what_1_is() -> None:
    told = text(visit("3.11", sequential=0.25, threaded=0.1))
    assert "x · small\n" in told
    assert "2 workers · × as fast as sequential in 3.11, where 1.0 is 0.250 s" in told


def test_seven_lanes_and_a_long_name_fit_into_eighty_columns() -> None:
    lanes = ["3.11", "3.12", "3.13", "3.13t", "3.14", "3.14t", "3.15"]
    made = [visit(lane, start="spawn", sequential=1.0, threaded=0.0101) for lane in lanes]
    rows = [
        CollectedRow(ROWS[0].id, "sequential", "x"),
        CollectedRow(ROWS[1].id, "threaded_client_per_thread_2", "x"),
    ]
    lines = as_text(table(find(lanes, rows, made)), COLUMNS).splitlines()
    [line] = [line for line in lines if line.startswith("threaded")]
    assert line.split() == ["threaded_client_per_thread_2", "spawn", *["99.0"] * 7]


@pytest.mark.parametrize(
    ("ratio", "shown"),
    [(0.0123, "0.01"), (1, "1.00"), (9.994, "9.99"), (9.996, "10.0"), (12.34, "12.3"), (234.5, "234")],
)
def test_three_digits_are_enough(ratio: float, shown: str) -> None:
    assert number(ratio) == shown


def test_a_slice_has_rows_of_one_group_and_not_many() -> None:
    rows = [
        CollectedRow(f"{group}{number}", "m", group) for number in range(LONGEST + 2) for group in "ab"
    ]
    parts = slices(rows)
    assert sorted(map(len, parts)) == [2, 2, LONGEST, LONGEST]
    assert all(len({id[0] for id in part}) == 1 for part in parts)
    assert sorted(id for part in parts for id in part) == sorted(row.id for row in rows)


def test_each_pass_visits_every_lane_with_every_slice_and_none_is_always_first() -> None:
    parts: list[Slice] = [("a",), ("b",)]
    first, second = (
        [(lane.name, part[0]) for lane, part in visits(NAMED, parts, number)] for number in (1, 2)
    )
    assert sorted(first) == sorted(second) == sorted((x, y) for x in LANES for y in "ab")
    assert first == [("3.11", "a"), ("3.13t", "a"), ("3.13t", "b"), ("3.11", "b")]
    assert second[0] == ("3.13t", "b")


def test_each_visit_is_kept_before_the_next_one_starts() -> None:
    seen: list[str] = []

    def session(lane: Lane, part: Slice) -> ChildResult:
        seen.append(f"run {lane.name}")
        return ChildResult(2.0, ROWS)

    told: list[str] = []
    measure(NAMED, ROWS, 1, session, lambda visit: seen.append(f"keep {visit.lane}"), told.append)
    assert seen == ["run 3.11", "keep 3.11", "run 3.13t", "keep 3.13t"]
    assert told[1] == "pass 1 of 1, visit 2 of 2, about 2 s left · 3.13t"


def test_a_record_is_unpacked_as_it_was() -> None:
    content = {
        "lanes": [{"name": "3.11"}],
        "rows": [{"id": "a", "model": "m", "group": "g"}],
        "visits": [
            {
                "number": 1, "lane": "3.11", "rows": ["a"],
                "ended": {
                    "seconds": 1.0, "rows": [{"id": "a", "model": "m", "group": "g"}],
                    "outcomes": {"a": ["failed", "why"]}, "content": None, "trouble": "",
                },
            }
        ],
    }  # fmt: skip
    names, rows, [made] = unpacked(content)
    assert (names, rows) == (["3.11"], [CollectedRow("a", "m", "g")])
    assert made == Visit(1, "3.11", ("a",), ChildResult(1.0, rows, {"a": ("failed", "why")}))
