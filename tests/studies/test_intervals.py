"""The coverage of intervals, from measured or invented runs."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from concurbench.results.records import Record
from concurbench.results.statistics import claim
from concurbench.runner.measured import Measured
from studies import intervals

FACTS = {
    "system": "linux", "cpu": "AMD EPYC", "usable_cores": 2, "python_implementation": "CPython",
    "python_version": "3.11.7",
}  # fmt: skip


def test_the_interval_of_each_run_is_compared_with_the_next_runs_median() -> None:
    runs = [
        {"a": [[1.0], [2.0], [3.0]]},
        {"a": [[2.0], [2.5], [2.9]]},  # the median is inside the first run's interval
        {"a": [[9.0], [9.0], [9.0]]},  # outside the second run's interval
    ]
    found = intervals.coverage(intervals.over_passes, runs, "a")
    assert found is not None
    assert (found.covered, found.trials) == (1, 2)
    assert found.claimed == pytest.approx(claim(3))


def test_over_all_rounds_the_rounds_of_all_passes_count() -> None:
    runs = [{"a": [[1.0, 2.0], [3.0]]}, {"a": [[2.5], [2.5]]}]
    found = intervals.coverage(intervals.over_all_rounds, runs, "a")
    assert found is not None
    assert (found.covered, found.width) == (1, 0.4)


def test_over_one_pass_only_the_first_pass_of_each_run_counts() -> None:
    runs = [{"a": [[1.0, 2.0, 3.0], [50.0]]}, {"a": [[2.0, 2.0, 2.0], [99.0]]}]
    found = intervals.coverage(intervals.over_one_pass, runs, "a")
    assert found is not None
    assert (found.covered, found.trials, found.width) == (1, 1, 0.5)


def test_a_row_with_too_few_observations_has_no_coverage() -> None:
    runs = [{"a": [[1.0], [1.0], [1.0]]}] * 3
    assert intervals.coverage(intervals.over_one_pass, runs, "a") is None
    assert intervals.pooled([None, None]) is None


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(intervals.main, list(map(str, arguments)))


def test_the_report_has_the_coverage_of_all_rows_and_of_the_worst(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    record = Record(path, intervals.KIND, {"machine": FACTS, "passes": 3})
    for elapsed in (20.0, 40.0, 60.0, 80.0):
        rows = {"test_x.py::test_x[a-w02]": [[1.0, 1.1, 1.2], [1.0], [1.1]]}
        rows["test_x.py::test_x[b-w02]"] = [[elapsed], [elapsed], [elapsed]]
        record.append({"rows": rows, "elapsed": elapsed})
    done = run("--from", path)
    assert done.exit_code == 0, done.output
    assert "|over passes|60.0%|50.0% of 6 (19%–81%)|" in done.output
    assert "|0%: `x[b-w02]`|" in done.output
    assert "in 1 min 20 s (linux, AMD EPYC, 2 cores, CPython 3.11.7)." in done.output


def test_a_file_with_fewer_than_two_runs_has_no_report(tmp_path: Path) -> None:
    Record(tmp_path / "x.jsonl", intervals.KIND, {"machine": FACTS, "passes": 3})
    done = run("--from", tmp_path / "x.jsonl")
    assert done.exit_code == 2
    assert "x.jsonl has fewer than two runs: continue it with --more" in done.output


def test_each_complete_run_is_kept_also_if_a_later_one_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = itertools.count(1)

    @contextlib.contextmanager
    def measuring(*_: object) -> Iterator[tuple[None, None]]:
        yield None, None

    def measure(suite: None, measured: Sequence[Measured], *_: object, prefix: str) -> None:
        [run] = measured
        if next(runs) == 3:
            run.failed["a"] = "a wrong answer"

    this = Measured("", Path("python"), {"a": "group"})
    monkeypatch.setattr(intervals, "measuring", measuring)
    monkeypatch.setattr(intervals, "collect", lambda *_: ([this], [], None))
    monkeypatch.setattr(intervals, "measure", measure)
    extra = {"passes": [{"seconds": [1.0]}] * 3}
    merged = {"benchmarks": [{"fullname": "test_x.py::test_a", "extra_info": extra}]}
    monkeypatch.setattr(intervals, "merge", lambda contents: merged)
    path = tmp_path / "x.jsonl"
    done = run("--runs", "4", "--passes", "3", "--json", path)
    assert done.exit_code == 2
    assert "run 3: a wrong answer" in done.output
    assert f"measurements: {path}" in done.output
    assert len(intervals.read(path).runs) == 2
    again = run("--runs", "2", "--passes", "3", "--more", path)
    assert again.exit_code == 0, again.output
    assert "4 runs of 3 passes" in again.output
    other = run("--runs", "2", "--passes", "5", "--more", path)
    assert other.exit_code == 2
    assert "cannot be continued: passes: 3 → 5: start a new file" in other.output
