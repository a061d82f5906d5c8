"""The table of a matrix: ratios between runs whose times are made up."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from concurbench.matrix.table import Column, groups, number, table
from concurbench.report.text import COLUMNS, as_text
from concurbench.results import runs
from tests.conftest import stats


def column(
    name: str, *, start: str | None = None, machine: Mapping[str, Any] | None = None,
    ours: Mapping[str, Any] | None = None, failed: Mapping[str, str] | None = None,
    fingerprint: str = "f", **times: float | list[float],
) -> Column:  # fmt: skip
    """The run of an interpreter: model -> the medians of its passes, in seconds."""
    benchmarks = []
    for model, each in times.items():
        seconds = each if isinstance(each, list) else [each]
        info = {
            "model": model, "workers": 2, "start_method": start, "fingerprint": fingerprint,
            "passes": [{"number": at, "seconds": [one]} for at, one in enumerate(seconds, start=1)],
        }  # fmt: skip
        benchmarks.append(
            {
                "fullname": f"test_x.py::test_x[{model}]", "name": model, "group": "x · small",
                "stats": stats(*seconds), "extra_info": info,
            }
        )  # fmt: skip
    content = {"machine_info": machine or {}, "benchmarks": benchmarks, "concurbench": ours or {}}
    return Column(name, runs.parse(content, Path(f"{name}.json")), failed or {})


def text(*columns: Column) -> str:
    return as_text(table(columns), COLUMNS)


def ratios(model: str, *columns: Column) -> list[float | None]:
    [line] = [line for group in groups(columns) for line in group.lines if line.model == model]
    return list(line.medians)


def test_a_cell_is_how_many_times_as_fast_as_the_baseline_of_the_first_interpreter() -> None:
    columns = (
        column("3.11", sequential=4.0, threaded=2.0),
        column("3.13t", sequential=8.0, threaded=1.0),
    )
    assert ratios("sequential", *columns) == [1.0, 0.5]
    assert ratios("threaded", *columns) == [2.0, 4.0]
    [group] = groups(columns)
    assert group.reference == 4.0
    assert [line.model for line in group.lines] == ["threaded", "sequential"]


def test_each_pass_is_compared_with_itself_and_the_median_ratio_is_shown() -> None:
    columns = [
        column(name, sequential=[4.0, 20.0, 4.0], threaded=[1.0, 10.0, 2.0])
        for name in ("3.11", "3.13t")
    ]
    assert ratios("threaded", *columns) == [2.0, 2.0]
    assert groups(columns)[0].lines[0].ratios[0] == (4.0, 2.0, 2.0)
    assert "Medians of 3 passes; spread at most ± 50%" in text(*columns)


def test_rows_with_different_numbers_of_passes_are_compared_by_their_medians() -> None:
    columns = column("3.11", sequential=[4.0, 4.0], threaded=[1.0]), column("3.13t", threaded=2.0)
    assert ratios("threaded", *columns) == [4.0, 2.0]


def test_a_row_without_a_baseline_is_compared_with_itself() -> None:
    columns = column("3.11", threaded=2.0), column("3.13t", threaded=1.0)
    assert ratios("threaded", *columns) == [1.0, 2.0]
    assert "as fast as the same row in 3.11" in text(*columns)


def test_a_baseline_missing_under_the_first_interpreter_leaves_no_ratio() -> None:
    columns = column("3.11", threaded=1.0), column("3.13t", sequential=1.0, threaded=1.0)
    assert "no reference: sequential was not timed in 3.11" in text(*columns)
    assert ratios("threaded", *columns) == [None, None]


def test_a_skipped_row_is_a_dash_and_its_reason_is_counted_below() -> None:
    skipped = {"skipped": {"test_x.py::test_x[threaded]": "no package distributed"}}
    shown = text(
        column("3.11", sequential=1.0, threaded=1.0), column("3.13t", sequential=1.0, ours=skipped)
    )
    assert "threaded   1.00     –" in shown
    assert "– 3.13t: 1 × no package distributed" in shown


def test_failed_rows_are_named_with_their_reason_once() -> None:
    why = {f"test_x.py::test_x[{model}]": "SIGSEGV" for model in ("sequential", "threaded")}
    shown = text(column("3.11", sequential=1.0, threaded=1.0), column("3.13t", failed=why))
    assert "threaded   1.00 failed" in shown
    assert "failed: x[sequential] and 1 more in 3.13t: SIGSEGV" in shown


@pytest.mark.parametrize(
    ("machine", "ours", "on"),
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
def test_a_free_threaded_build_that_ran_with_the_gil_is_marked(
    machine: dict[str, Any], ours: dict[str, Any], on: bool
) -> None:
    shown = text(
        column("3.11", threaded=1.0), column("3.13t", threaded=1.0, machine=machine, ours=ours)
    )
    assert ("GIL on" in shown) is on
    assert ("3.13t ran with the GIL on" in shown) is on
    assert ("switched on by fastparser" in shown) is (on and "gil" in ours)


def test_start_methods_are_shown_and_a_difference_is_a_warning() -> None:
    first = column("3.11", start="spawn", threaded=1.0)
    same = text(first, column("3.13t", start="spawn", threaded=1.0))
    assert "model start 3.11 3.13t" in " ".join(same.split())
    assert "threaded spawn" in same
    shown = text(first, column("3.13t", start="fork", threaded=1.0))
    assert "threaded differs" in shown
    assert "WARNING: threaded: start methods differ: spawn in 3.11, fork in 3.13t" in shown


def test_different_work_is_a_warning() -> None:
    shown = text(column("3.11", threaded=1.0), column("3.13t", threaded=1.0, fingerprint="other"))
    assert "WARNING: threaded: its work in 3.13t differs from that in 3.11" in shown


def test_the_heading_says_what_is_measured_and_what_1_is() -> None:
    shown = text(column("3.11", sequential=0.25, threaded=0.1))
    assert "x · small\n" in shown
    assert "2 workers · × as fast as sequential in 3.11, where 1.0 is 0.250 s" in shown


def test_seven_interpreters_and_a_long_name_fit_into_80_columns() -> None:
    names = ["3.11", "3.12", "3.13", "3.13t", "3.14", "3.14t", "3.15"]
    shown = text(
        *(
            column(name, start="spawn", sequential=1.0, threaded_client_per_thread_2=0.0101)
            for name in names
        )
    )
    [line] = [line for line in shown.splitlines() if line.startswith("threaded")]
    assert line.split() == ["threaded_client_per_thread_2", "spawn", *["99.0"] * 7]


@pytest.mark.parametrize(
    ("ratio", "shown"),
    [(0.0123, "0.01"), (1, "1.00"), (9.994, "9.99"), (9.996, "10.0"), (12.34, "12.3"), (234.5, "234")],
)
def test_a_ratio_has_three_digits(ratio: float, shown: str) -> None:
    assert number(ratio) == shown
