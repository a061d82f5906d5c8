"""Figures of committed runs for the pages."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from concurbench.results import runs
from studies import figures
from studies.curves import COUNTS, lawful
from tests.conftest import stats

GROUP = "flags · local server · all194"


def row(model: str, workers: int, *seconds: float) -> dict[str, Any]:
    """A row of a saved run with a pass for each time."""
    name = f"test_flags[{model}-w{workers:02}]"
    passes = [{"number": number, "seconds": [each]} for number, each in enumerate(seconds, start=1)]
    return {
        "fullname": f"t.py::{name}", "name": name, "group": GROUP, "stats": stats(*seconds),
        "extra_info": {"model": model, "workers": workers, "items": 194, "passes": passes},
    }  # fmt: skip


@pytest.fixture
def sweep(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A saved sweep: a curve that follows the law, and one that still rises."""
    monkeypatch.setattr(figures, "RUN", tmp_path)
    truth = lawful(0.03, 0.0005)
    times = {workers: 194 / truth.rate(workers) for workers in COUNTS}
    rows = [row("threaded", workers, each, each * 1.002, each) for workers, each in times.items()]
    rows += [row("other", 1, 4.0, 4.0), row("other", 2, 1.5, 1.5), row("other", 4, 1.3, 1.48)]
    content = {"machine_info": {}, "benchmarks": rows, runs.OURS: {"format": runs.FORMAT, "passes": 3}}
    (tmp_path / "sweep_x.json").write_text(json.dumps(content))
    return "sweep_x"


def test_each_model_has_a_line_with_the_number_that_is_enough(
    sweep: str, capsys: pytest.CaptureFixture[str]
) -> None:
    figures.workers(GROUP, sweep)
    assert capsys.readouterr().out.splitlines() == [
        f"> {GROUP}:",
        ">",
        "> - `threaded`: 32 workers, 13.2 times the throughput of 1; contention 3.0% (3.0% to 3.0%)",
        "> - `other`: 4 workers or more (2 to 4), 2.9 times the throughput of 1",
    ]


def test_losses_are_the_table_of_the_summary(sweep: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(LookupError, match="sweep_x has no losses"):
        figures.losses(GROUP, sweep)
    path = figures.RUN / "sweep_x.json"
    content = json.loads(path.read_text())
    for each in content["benchmarks"][0]["extra_info"]["passes"]:
        each["without"] = {"pool": [each["seconds"][0] / 2]}
    path.write_text(json.dumps(content))
    figures.losses(GROUP, sweep)
    lines = capsys.readouterr().out.splitlines()
    assert (lines[0], lines[-1]) == ("```text", "```")
    assert lines[2].split() == ["model", "time", "pool", "rest"]


def test_ratios_are_a_table_of_times_as_long_in_each_place(
    sweep: str, capsys: pytest.CaptureFixture[str]
) -> None:
    content = json.loads((figures.RUN / "sweep_x.json").read_text())
    rows = [("slow", 3.0, 3.1, 3.0), ("usual", 1.0, 1.0, 1.0), ("as_fast", 1.0, 0.9, 1.1)]
    content["benchmarks"] = [row(model, 50, *seconds) for model, *seconds in rows]
    (figures.RUN / "kept.json").write_text(json.dumps(content))
    figures.ratios({"usual": ["as_fast", "slow"]}, {"here": ("kept", GROUP), "there": ("kept", GROUP)})
    head, rule, usual, as_fast, slow = capsys.readouterr().out.splitlines()
    assert (head, rule) == ("|model|here|there|", "|:--|--:|--:|")
    assert usual == "|`usual`|1.000 s|1.000 s|"
    assert as_fast.startswith("|`as_fast`|×1.00 (0.")
    assert slow.startswith("|`slow`|×3.03 (2.")
    for each in content["benchmarks"]:
        each["extra_info"]["connect_delay"] = 0.05
    (figures.RUN / "delayed.json").write_text(json.dumps(content))
    assert figures.groups("all194", runs=("kept", "delayed")) == {
        "`all194`": ("kept", GROUP), "`all194` + 50.0 ms": ("delayed", GROUP),
    }  # fmt: skip
    with pytest.raises(LookupError, match="kept has no row of other in"):
        figures.ratios({"usual": ["other"]}, {"here": ("kept", GROUP)})


@pytest.mark.parametrize(("name", "group"), [("sweep_y", GROUP), ("sweep_x", "nonsense")])
def test_a_sweep_or_a_group_that_is_not_there_is_an_error(sweep: str, name: str, group: str) -> None:
    with pytest.raises(LookupError, match="sweep_"):
        figures.workers(group, sweep, name)
