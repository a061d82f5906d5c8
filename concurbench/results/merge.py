"""One run of several passes, in pytest-benchmark's format.

The times that pytest-benchmark's readers see, ``stats.data``, are the medians of the passes. All that
was measured in each pass is kept under ``extra_info.passes``.
"""

from __future__ import annotations

import re
import statistics
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from pytest_benchmark.stats import Stats

from concurbench.results import runs

NUMBER = re.compile(r"\d[\d.]*")

Content = Mapping[str, Any]
"""What pytest-benchmark saves of one session."""


def changed(passes: Sequence[Content]) -> list[str]:
    """The rows whose model or work is not the same in all passes: the suite was edited meanwhile."""
    kinds: dict[str, set[tuple[Any, Any]]] = defaultdict(set)
    for content in passes:
        for row in content["benchmarks"]:
            info = row["extra_info"]
            kinds[row["fullname"]].add((info.get("fingerprint"), info.get("source")))
    return [row for row, found in kinds.items() if len(found) > 1]


def merge(passes: Sequence[Content]) -> dict[str, Any]:
    """The content of one run of these passes, in order, with each row that any of them has.

    A single pass stays as it is.
    """
    if len(passes) == 1:
        return dict(passes[0])
    rows: dict[str, dict[int, Mapping[str, Any]]] = defaultdict(dict)
    for number, content in enumerate(passes, start=1):
        for benchmark in content["benchmarks"]:
            rows[benchmark["fullname"]][number] = benchmark
    return {
        **passes[0],
        "benchmarks": [_row(each) for each in rows.values()],
        runs.OURS: merge_ours([content[runs.OURS] for content in passes]),
    }


def _row(measured: Mapping[int, Mapping[str, Any]]) -> dict[str, Any]:
    """One row of the same row in several passes, by the number of the pass."""
    first, *others = (benchmark["extra_info"] for benchmark in measured.values())
    same = {
        name: value
        for name, value in first.items()
        if all(name in info and info[name] == value for info in others)
    }
    stats: Any = Stats()
    passes = []
    for number, benchmark in measured.items():
        differing = {key: value for key, value in benchmark["extra_info"].items() if key not in same}
        seconds = benchmark["stats"]["data"]
        passes.append({"number": number, "seconds": seconds, **differing})
        stats.update(statistics.median(seconds))
    row = next(iter(measured.values()))
    return {
        **row,
        "stats": {**row["stats"], **stats.as_dict(), "data": stats.data},
        "extra_info": {**same, "passes": passes},
    }


def merge_ours(passes: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What is known of the passes apart from their rows."""
    gils = [each["gil"] for each in passes]
    incomplete = list(dict.fromkeys(reason for each in passes for reason in each["incomplete"]))
    return {
        **passes[0],
        "passes": len(passes),
        "complete": not incomplete,
        "incomplete": incomplete,
        "notes": _notes([each["notes"] for each in passes]),
        "gil": {
            "start": any(gil["start"] for gil in gils),
            "end": any(gil["end"] for gil in gils),
            "switched_on_by": sorted({name for gil in gils for name in gil["switched_on_by"]}),
        },
        "yardsticks": [readings for each in passes for readings in each["yardsticks"]],
    }


def _notes(passes: Sequence[Sequence[str]]) -> list[str]:
    """Each note once, whatever its numbers; with the passes that made it if not all did."""
    made: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for number, notes in enumerate(passes, start=1):
        for note in notes:
            made[NUMBER.sub("#", note)].append((note, str(number)))
    return [
        each[0][0]
        if len(each) == len(passes)
        else f"{each[0][0]} (pass {', '.join(number for _, number in each)})"
        for each in made.values()
    ]
