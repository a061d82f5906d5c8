"""The engine study, with few tasks or with made-up entries."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from click.testing import CliRunner

from concurbench.results.records import Record
from studies.engines import __main__ as command
from studies.engines.inside import KINDS, measured
from tests.studies.test_intervals import FACTS


def entry(engine: str, once: float) -> dict[str, Any]:
    """A round in which 10 tasks took ``once`` seconds at once, and twice that in turn."""
    cpu = {"client": 0.01, "others": 0.02, "workers": 0.03}
    kind = {"count": 10, "turn": [once / 5, once / 5, 100.0], "once": once, "cpu": cpu}
    return {"engine": engine, "first": 0.5, "cluster": None, **dict.fromkeys(KINDS, kind)}


def test_the_report_has_the_median_round_and_the_cpu_time_of_each_process(tmp_path: Path) -> None:
    path = tmp_path / "study.jsonl"
    record = Record(path, command.KIND, {"machine": FACTS, "workers": 2})
    for once in (0.01, 0.03, 0.02):
        record.append(entry("Dask", once))
    result = CliRunner().invoke(command.main, ["--from", str(path)])
    assert result.exit_code == 0, result.output
    assert "medians of 3 rounds" in result.output
    assert "|Dask|500 (500–500)|4 (2–6)|2 (1–3)|" in result.output
    assert "|Dask|1.00/2.00/3.00|" in result.output
    assert "Ray" not in result.output


def test_every_kind_of_task_is_done_and_its_cpu_time_is_that_of_workers_and_program() -> None:
    found = measured("ProcessPoolExecutor", workers=2, share=0.02)
    assert found["first"] > 0
    assert found["cluster"] is None
    for kind in KINDS:
        assert found[kind]["count"] == max(2, KINDS[kind][2] // 50)
        assert found[kind]["once"] > 0
        assert set(found[kind]["cpu"]) == {"client", "workers", "others"}
        assert len(found[kind]["turn"]) == 2


def test_a_failed_engine_is_named_with_its_last_line(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(command, "WORKERS", 0)
    result = CliRunner().invoke(
        command.main, ["--rounds=1", "-k", "ProcessPool", f"--json={tmp_path}/study"]
    )
    assert "ProcessPoolExecutor: ValueError: max_workers must be greater than 0" in result.output
