"""One run of several passes, in pytest-benchmark's format.

The times that pytest-benchmark's readers see, ``stats.data``, are the medians of the passes. All that
was measured in each pass is kept under ``extra_info.passes``.
"""

from __future__ import annotations

import re
import statistics
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pytest_benchmark.stats import Stats

from concurbench.results import runs

NUMBER = re.compile(r"\d[\d.]*")

Content = Mapping[str, Any]
"""What pytest-benchmark saves of one session."""


def changed(passes: Sequence[Content]) -> list[str]:
    """The rows whose model or work is not the same in all passes: the suite was edited meanwhile."""
    kinds: dict[str, set[tuple[Any, Any]]] = {}
    for content in passes:
        for row in content["benchmarks"]:
            info = row["extra_info"]
            kinds.setdefault(row["fullname"], set()).add((info.get("fingerprint"), info.get("source")))
    return [row for row, found in kinds.items() if len(found) > 1]


def merge(passes: Sequence[Content]) -> dict[str, Any]:
    """The content of one run of these passes, in order, with each row that any of them has.

    A single pass stays as it is.
    """
    if len(passes) == 1:
        return dict(passes[0])
    rows: dict[str, list[tuple[int, Mapping[str, Any]]]] = {}
    for number, content in enumerate(passes, start=1):
        for benchmark in content["benchmarks"]:
            rows.setdefault(benchmark["fullname"], []).append((number, benchmark))
    return {
        **passes[0],
        "benchmarks": [_row(each) for each in rows.values()],
        runs.OURS: merge_ours([content[runs.OURS] for content in passes]),
    }


def _row(measured: Sequence[tuple[int, Mapping[str, Any]]]) -> dict[str, Any]:
    """One row of the same row in several passes, each with the number of its pass."""
    first = measured[0][1]
    infos = [benchmark["extra_info"] for _, benchmark in measured]
    same = {
        name: value
        for name, value in infos[0].items()
        if all(name in info and info[name] == value for info in infos)
    }
    passes = [
        {
            "number": number,
            "seconds": benchmark["stats"]["data"],
            **{name: value for name, value in benchmark["extra_info"].items() if name not in same},
        }
        for number, benchmark in measured
    ]
    stats = _stats(statistics.median(each["seconds"]) for each in passes)
    return {
        **first,
        "stats": {**first["stats"], **stats},
        "extra_info": {**same, "passes": passes},
    }


def _stats(medians: Iterable[float]) -> dict[str, Any]:
    stats: Any = Stats()
    for median in medians:
        stats.update(median)
    return {**stats.as_dict(), "data": stats.data}


def merge_ours(passes: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What is known of the passes apart from their rows."""
    incomplete = list(dict.fromkeys(reason for each in passes for reason in each["incomplete"]))
    return {
        **passes[0],
        "passes": len(passes),
        "complete": not incomplete,
        "incomplete": incomplete,
        "notes": _notes([each["notes"] for each in passes]),
        "gil": _gil([each["gil"] for each in passes]),
        "yardsticks": [readings for each in passes for readings in each["yardsticks"]],
    }


def _notes(passes: Sequence[Sequence[str]]) -> list[str]:
    """Each note once, whatever its numbers; with the passes that made it if not all did."""
    first: dict[str, str] = {}
    made: dict[str, list[str]] = {}
    for number, notes in enumerate(passes, start=1):
        for note in notes:
            kind = NUMBER.sub("#", note)
            first.setdefault(kind, note)
            made.setdefault(kind, []).append(str(number))
    return [
        note if len(made[kind]) == len(passes) else f"{note} (pass {', '.join(made[kind])})"
        for kind, note in first.items()
    ]


def _gil(passes: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    return {
        "start": any(each["start"] for each in passes),
        "end": any(each["end"] for each in passes),
        "switched_on_by": sorted({name for each in passes for name in each["switched_on_by"]}),
    }
