"""The file of a verdict study: the runs of a short matrix, and rows that were measured alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pytest_benchmark.stats import Stats

from concurbench.errors import ConcurbenchError
from concurbench.results import records, runs
from concurbench.results.row import Row
from concurbench.results.runs import Run

KIND = "verdict study"

KEPT = ("workload", "model", "case", "workers", "reference", "yardstick")
"""What is kept of a row beside its rounds."""

DECIDES = ("criterion", "bound", "cost_question")
"""What is kept of a workload."""

DIGITS = 6
"""Significant digits of a time or metric."""

Alone = Mapping[str, float]
"""Row -> its seconds, each row measured in a process of its own."""


@dataclass(frozen=True)
class VerdictStudy:
    """All that was measured."""

    machine: Mapping[str, Any]
    runs: Sequence[Run]
    alone: Sequence[Alone]
    """Each time, all rows of some groups in random order."""
    seconds: float
    """How long the measurements took."""


def compact(content: Mapping[str, Any]) -> dict[str, Any]:
    """What the study keeps of a run: the rounds and turns of each row and pass, and the criteria."""
    workloads = content[runs.OURS].get("workloads") or {}
    rows = []
    for row in content["benchmarks"]:
        info = row["extra_info"]
        criterion = (workloads.get(info.get("workload")) or {}).get("criterion")
        passes = []
        for each in info["passes"]:
            known = {**info, **each}
            metrics = {
                name: {**metric, "values": _rounded(metric["values"])}
                for name, metric in (known.get("metrics") or {}).items()
                if name == criterion
            }
            kept = {
                "number": each["number"],
                "seconds": _rounded(each["seconds"]),
                "turns": known.get("turns") or [],
            }
            passes.append({**kept, **({"metrics": metrics} if metrics else {})})
        same = {name: info[name] for name in KEPT if info.get(name) is not None}
        rows.append({"id": row["fullname"], "group": row["group"], **same, "passes": passes})
    said = {
        name: {key: each[key] for key in DECIDES if key in each} for name, each in workloads.items()
    }
    return {"rows": rows, "workloads": said}


def expanded(entry: Mapping[str, Any], number: int) -> Run:
    """The run that was kept like this, as the ``number``-th of the study."""
    rows = []
    for row in entry["rows"]:
        stats: Any = Stats()
        for each in row["passes"]:
            for seconds in each["seconds"]:
                stats.update(seconds)
        info = {key: value for key, value in row.items() if key not in ("id", "group")}
        benchmark = {"fullname": row["id"], "name": row["id"], "group": row["group"]}
        numbers = {**stats.as_dict(), "data": stats.data}
        rows.append(Row.read({**benchmark, "extra_info": info, "stats": numbers}))
    passes = max(row.passes for row in rows)
    return Run(
        Path(f"run {number}"), {}, True, tuple(rows), passes=passes, workloads=entry["workloads"]
    )


def read(path: Path) -> VerdictStudy:
    """The study that this file holds.

    Raises:
        ConcurbenchError: the file cannot be read, or has fewer than three runs.
    """
    header, entries = records.read(path, KIND)
    try:
        kept = [entry for entry in entries if "rows" in entry]
        if len(kept) < 3:
            raise ConcurbenchError(f"{path} has fewer than three runs: continue it with --more")
        measured = [expanded(entry, number) for number, entry in enumerate(kept, start=1)]
        alone = [entry["alone"] for entry in entries if "alone" in entry]
        took = sum(entry["took"] for entry in entries)
        return VerdictStudy(header["machine"], measured, alone, took)
    except LookupError as error:
        raise ConcurbenchError(f"{path} has no {error}") from None


def _rounded(values: Sequence[float]) -> list[float]:
    return [float(f"{value:.{DIGITS}g}") for value in values]
