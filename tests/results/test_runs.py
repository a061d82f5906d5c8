"""Reading saved runs, and what is computed from their raw values."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from concurbench.results import baseline, runs
from tests.conftest import stats


def benchmark(name: str = "test_a[x]", *seconds: float, **info: object) -> dict[str, Any]:
    times = stats(*(seconds or (1.0, 2.0, 3.0)))
    return {"fullname": name, "name": name, "group": "g", "extra_info": info, "stats": times}


def write(folder: Path, name: str, *, complete: bool = True, rows: Any = None) -> Path:
    content = {
        "machine_info": {},
        "benchmarks": rows or [benchmark()],
        "concurbench": {"complete": complete},
    }
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text(json.dumps(content))
    return path


def test_a_row_keeps_its_raw_seconds_in_order() -> None:
    row = runs.Row.read(benchmark("t", 3.0, 1.0, 2.0, model="m", server="s", workers=4, limit=0.5))
    assert row.seconds == (3.0, 1.0, 2.0)
    assert (row.model, row.server, row.workers) == ("m", "s", 4)
    assert (row.limit, row.median) == (0.5, 2.0)


def test_a_row_of_another_suite_is_called_by_its_name() -> None:
    row = runs.Row.read(benchmark("test_b"))
    assert (row.model, row.server, row.workers, row.limit) == ("test_b", None, None, None)


@pytest.mark.parametrize(
    ("seconds", "spread"),
    [
        ([5.0], (5.0, 5.0)),
        ([5.0, 1.0, 2.0], (1.0, 5.0)),
        ([1.0, 2.0, 3.0, 4.0, 5.0], (2.0, 4.0)),
        ([1.0, 2.0, 3.0, 4.0, 100.0], (2.0, 4.0)),
    ],
)
def test_the_spread_is_the_middle_half_or_everything_where_rounds_are_few(
    seconds: list[float], spread: tuple[float, float]
) -> None:
    assert runs.Row.read(benchmark("t", *seconds)).spread == spread


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "{}",
        '{"benchmarks": [], "machine_info": 1, "concurbench": []}',
        '{"benchmarks": [1]}',
    ],
)
def test_a_file_that_holds_no_run_is_named(tmp_path: Path, text: str) -> None:
    path = tmp_path / "0001_x.json"
    path.write_text(text)
    with pytest.raises(runs.ResultsError, match=r"0001_x\.json: not a saved run"):
        runs.read(path)


@pytest.mark.parametrize("wrong", [{"data": ["x"]}, {"data": [0.0]}, {"mean": None}])
def test_a_row_whose_times_are_none_is_no_run(tmp_path: Path, wrong: dict[str, Any]) -> None:
    row = benchmark()
    row["stats"].update(wrong)
    with pytest.raises(runs.ResultsError, match=r"test_a\[x\]: its times are none"):
        runs.read(write(tmp_path, "0001_x.json", rows=[row]))


def test_the_last_complete_run_is_the_one_of_the_highest_number(tmp_path: Path) -> None:
    for name in ("9999_a.json", "10000_b.json", "named.json"):
        write(tmp_path, name)
    write(tmp_path, "10001_partial.json", complete=False)
    run, warnings = runs.last_complete(tmp_path)
    assert run is not None
    assert (run.name, warnings) == ("10000", [])


def test_there_may_be_no_complete_run(tmp_path: Path) -> None:
    assert runs.last_complete(tmp_path / "nowhere") == (None, [])


def test_a_run_is_found_by_number_by_name_and_by_path(tmp_path: Path) -> None:
    path = write(tmp_path, "0003_abc.json")
    write(tmp_path, "mine.json", complete=False)
    for asked, name in (
        ("0003", "0003"),
        ("3", "0003"),
        ("0003_a", "0003"),
        ("mine", "mine"),
        (str(path), "0003"),
        (True, "0003"),
    ):
        run, _ = baseline.choose(asked, tmp_path)
        assert run is not None
        assert run.name == name


@pytest.mark.parametrize(
    "asked", ["0009", "/nowhere/x.json", "**", "benchmarks/test_x.py", "benchmarks/test_x.py::test_y"]
)
def test_a_run_that_is_not_there_is_an_error_that_names_it(tmp_path: Path, asked: str) -> None:
    with pytest.raises(baseline.NoSuchRun, match=re.escape(asked)):
        baseline.choose(asked, tmp_path)


def test_the_limit_of_computing_comes_from_the_baseline_of_the_same_group() -> None:
    sequential: dict[str, Any] = {"model": "sequential", "workers": 1, "capacity_near": 1.0}
    spread_out: dict[str, Any] = {"model": "multiprocess", "workers": 4, "capacity_near": 4.0}
    elsewhere: dict[str, Any] = {"model": "multiprocess", "workers": 4, "capacity_near": 4.0}
    runs.set_limits([("g", spread_out, 0.5), ("g", sequential, 1.0), ("other", elsewhere, 0.5)])
    assert (sequential["limit"], sequential["efficiency"]) == (1.0, 1.0)
    assert (spread_out["limit"], spread_out["efficiency"]) == (0.25, 0.5)
    assert (elsewhere["limit"], elsewhere["efficiency"]) == (None, None)


def test_readings_of_the_capacity_scatter_and_the_median_of_all_with_as_many_workers_counts() -> None:
    rows = [
        {"model": model, "workers": workers, "capacity_near": near}
        for model, workers, near in (
            ("sequential", 1, 1.0), ("a", 2, 1.2), ("b", 2, 2.2), ("c", 2, 1.8), ("d", 4, 3.0),
        )
    ]  # fmt: skip
    runs.set_limits([("g", row, 1.0) for row in rows])
    assert [row["capacity"] for row in rows] == [1.0, 1.8, 1.8, 1.8, 3.0]
    assert rows[1]["limit"] == pytest.approx(1 / 1.8)


def test_a_limit_of_its_own_gives_the_efficiency_and_a_limit_of_nothing_gives_none() -> None:
    waiting: dict[str, Any] = {"model": "threaded", "limit": 0.2}
    undelayed: dict[str, Any] = {"model": "threaded", "limit": 0.0}
    runs.set_limits([("g", waiting, 0.4), ("g", undelayed, 0.4)])
    assert waiting["efficiency"] == 0.5
    assert undelayed["efficiency"] is None
