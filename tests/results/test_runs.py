"""Reading saved runs."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from concurbench.errors import ConcurbenchError
from concurbench.results import runs
from concurbench.results.row import Conditions, Pass, Row
from concurbench.results.runs import FORMAT
from tests.conftest import stats


def benchmark(name: str = "test_a[x]", *seconds: float, **info: object) -> dict[str, Any]:
    times = stats(*(seconds or (1.0, 2.0, 3.0)))
    return {"fullname": name, "name": name, "group": "g", "extra_info": info, "stats": times}


def content(*rows: dict[str, Any], **ours: Any) -> dict[str, Any]:
    return {
        "machine_info": {},
        "benchmarks": list(rows) or [benchmark()],
        "concurbench": {"complete": True, **ours},
    }


def write(folder: Path, name: str, **ours: Any) -> Path:
    path = folder / name
    path.write_text(json.dumps(content(**ours)))
    return path


def several(**visits: list[Any]) -> Row:
    """A row of several passes that differ in these keys."""
    passes = [
        {"number": number, **dict(zip(visits, values, strict=True))}
        for number, values in enumerate(zip(*visits.values(), strict=True), start=1)
    ]
    return Row.read(benchmark("t", passes=[{"seconds": [1.0], **each} for each in passes]))


def test_a_row_keeps_the_seconds_of_its_rounds_in_order() -> None:
    row = Row.read(benchmark("t", 3.0, 1.0, 2.0, model="m", server="s", workers=4))
    assert (row.seconds, row.median, row.passes) == ((3.0, 1.0, 2.0), 2.0, 1)
    assert (row.model, row.server, row.workers) == ("m", "s", 4)


def test_a_row_of_another_suite_has_its_name_as_model() -> None:
    row = Row.read(benchmark("test_b"))
    assert (row.model, row.server, row.workers, row.bounds) == ("test_b", None, None, {})


def test_a_pass_counts_by_the_median_of_its_rounds() -> None:
    row = several(seconds=[[1.0, 2.0, 9.0], [4.0]])
    assert row.seconds == (2.0, 4.0)
    assert row.by_pass == (Pass(1, (1.0, 2.0, 9.0)), Pass(2, (4.0,)))


def test_a_row_of_several_passes_has_an_interval_and_that_of_one_pass_has_none() -> None:
    row = several(seconds=[[1.0], [3.0], [2.0]])
    assert row.interval is not None
    assert (row.interval.low, row.interval.high, row.spread) == (1.0, 3.0, (1.0, 3.0))
    assert Row.read(benchmark()).interval is None


def test_what_each_pass_measured_anew_counts_by_its_median() -> None:
    row = several(bounds=[{"server": 1.0}, {"server": 3.0}, {"server": 2.0}], capacity_near=[1, 3, 1.5])
    assert (row.bounds, row.capacity_near) == ({"server": 2.0}, 1.5)


def test_the_one_limit_of_format_1_is_a_bound() -> None:
    assert several(limit=[1.0, 3.0, 2.0]).bounds == {"limit": 2.0}


def test_the_limit_that_format_1_computed_from_a_capacity_is_ignored() -> None:
    assert Row.read(benchmark("t", limit=9.0, capacity_near=2.0)).bounds == {}


def test_marks_that_format_1_saved_are_ignored() -> None:
    run = runs.parse(content(benchmark("t", 1.0, disturbed="x", doubt="y", efficiency=3.0)), Path("x"))
    [row] = run.rows
    assert (row.disturbed, row.limit_check, row.efficiency) == ("", "", None)


def test_a_run_is_read_with_its_limits() -> None:
    run = runs.parse(content(benchmark("t", 0.4, bounds={"waiting": 0.2})), Path("x"))
    assert run.rows[0].efficiency == 0.5


@pytest.mark.parametrize(
    ("around", "disturbed"),
    [
        (None, ""),
        ({"steal": 0.1, "others": 0.1}, ""),
        ({"steal": None, "others": None, "speed": None}, ""),
        ({"steal": 0.25, "others": 0.0}, "steal 25 %"),
        ({"steal": 0.25, "others": 0.5}, "steal 25 %, other programs 50 %"),
    ],
)
def test_more_than_a_tenth_of_the_cores_disturbs_a_row(around: Any, disturbed: str) -> None:
    assert Row.read(benchmark("t", around=around)).disturbed == disturbed


def test_of_several_passes_the_worst_disturbance_is_named() -> None:
    row = several(around=[{"steal": 0.11}, {"steal": 0.0}, {"steal": 0.95}])
    assert (row.disturbed, row.lost) == ("steal 95 % (2 of 3 passes)", 0.95)


def test_the_interference_of_a_row_is_the_median_of_its_passes() -> None:
    row = several(around=[{"steal": 0.0}, {"steal": 0.4, "speed": 1.0}, {"steal": None}])
    assert row.conditions == Conditions(steal=0.2, speed=1.0)


@pytest.mark.parametrize(
    ("seconds", "spread"),
    [
        ([5.0], (5.0, 5.0)),
        ([5.0, 1.0, 2.0], (1.0, 5.0)),
        ([1.0, 2.0, 3.0, 4.0, 5.0], (2.0, 4.0)),
        ([1.0, 2.0, 3.0, 4.0, 100.0], (2.0, 4.0)),
    ],
)
def test_the_spread_of_rounds_is_from_quartile_to_quartile_or_the_range_of_few(
    seconds: list[float], spread: tuple[float, float]
) -> None:
    assert Row.read(benchmark("t", *seconds)).spread == spread


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "not JSON: Expecting value"),
        ("{", "not JSON: "),
        ("[]", "no 'machine_info' in it"),
        ("{}", "no 'machine_info' in it"),
        ("3", "its parts are not those"),
        ('{"machine_info": {}}', "no 'benchmarks' in it"),
        ('{"benchmarks": [], "machine_info": 1, "concurbench": []}', "its parts are not those"),
        ('{"benchmarks": [{}], "machine_info": {}}', "no 'extra_info' in it"),
        ('{"benchmarks": [1], "machine_info": {}}', "its parts are not those"),
        (
            '{"benchmarks": [], "machine_info": {}, "concurbench": {"workloads": {"x": null}}}',
            "workloads without their questions",
        ),
    ],
)
def test_a_file_without_a_run_is_named_with_what_is_missing(
    tmp_path: Path, text: str, reason: str
) -> None:
    path = tmp_path / "0001_x.json"
    path.write_text(text)
    with pytest.raises(ConcurbenchError, match=rf"0001_x\.json: not a saved run \({reason}") as raised:
        runs.read(path)
    assert "Error" not in str(raised.value)


@pytest.mark.parametrize("wrong", [{"data": ["x"]}, {"data": [0.0]}, {"mean": None}])
def test_a_row_without_positive_times_is_named(wrong: dict[str, Any]) -> None:
    row = benchmark()
    row["stats"].update(wrong)
    with pytest.raises(ConcurbenchError, match=r"test_a\[x\]: expected times above 0 s"):
        runs.parse(content(row), Path("x"))


def test_a_run_of_a_newer_format_is_refused() -> None:
    with pytest.raises(ConcurbenchError, match=r"a newer version .*: update concurbench"):
        runs.parse(content(format=FORMAT + 1), Path("x"))
    assert runs.parse(content(format=FORMAT), Path("x")).complete


def test_a_run_may_say_what_its_workloads_ask() -> None:
    said = {"a": {"question": "q", "criterion": "gap", "explanations": {"gap": "e"}}, "b": {}}
    assert runs.parse(content(workloads=said), Path("x")).workloads == said
    assert runs.parse(content(), Path("x")).workloads == {}


def test_the_last_complete_run_is_the_one_of_the_highest_number(tmp_path: Path) -> None:
    for name in ("9999_a.json", "10000_b.json", "named.json"):
        write(tmp_path, name)
    write(tmp_path, "10001_partial.json", complete=False)
    run, warnings = runs.last_complete(tmp_path)
    assert run is not None
    assert (run.name, warnings) == ("10000", [])


def test_an_unreadable_newer_file_is_skipped_with_a_warning(tmp_path: Path) -> None:
    write(tmp_path, "0001_a.json")
    (tmp_path / "0002_b.json").write_text("{}")
    run, [warning] = runs.last_complete(tmp_path)
    assert run is not None
    assert run.name == "0001"
    assert re.search(r"0002_b\.json: not a saved run .*; skipped", warning)


def test_there_may_be_no_complete_run(tmp_path: Path) -> None:
    assert runs.last_complete(tmp_path / "nowhere") == (None, [])
