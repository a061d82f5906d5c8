"""Many passes, one run: in pytest-benchmark's own format, with a pass as the unit of observation.

The times that pytest-benchmark and all its readers see, ``stats.data``, are the medians of the passes.
Every round of every pass stays beside them, under ``extra_info.passes``.
"""

from __future__ import annotations

import re
import statistics
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pytest_benchmark.stats import Stats

from concurbench.results import metric, runs
from concurbench.results.doubt import judge

NUMBER = re.compile(r"\d[\d.]*")

Content = Mapping[str, Any]
"""What pytest-benchmark saves of one session."""

MEDIANS = ("capacity_near", "server_capacity", "limit")
"""What is measured in each visit anew, or follows from that: the run's is the median."""


def changed(passes: Sequence[Content]) -> list[str]:
    """The rows that did not do the same, in the same way, in all passes: somebody edited the suite."""
    seen: dict[str, set[tuple[Any, Any]]] = {}
    for content in passes:
        for row in content["benchmarks"]:
            info = row["extra_info"]
            seen.setdefault(row["fullname"], set()).add((info.get("fingerprint"), info.get("source")))
    return [row for row, kinds in seen.items() if len(kinds) > 1]


def merge(passes: Sequence[Content]) -> dict[str, Any]:
    """One run of these passes, in order; it has each row that any of them has. A single pass is a run
    as it is.
    """
    if len(passes) == 1:
        return dict(passes[0])
    visits: dict[str, list[tuple[int, Mapping[str, Any]]]] = {}
    for number, content in enumerate(passes, start=1):
        for benchmark in content["benchmarks"]:
            visits.setdefault(benchmark["fullname"], []).append((number, benchmark))
    rows = [_row(each) for each in visits.values()]
    runs.set_limits((row["group"], row["extra_info"], row["stats"]["median"]) for row in rows)
    judge((row["group"], row["extra_info"]) for row in rows)
    return {**passes[0], "benchmarks": rows, runs.OURS: _ours(passes)}


def _row(visits: Sequence[tuple[int, Mapping[str, Any]]]) -> dict[str, Any]:
    first = visits[0][1]
    infos = [benchmark["extra_info"] for _, benchmark in visits]
    same = {
        name: value
        for name, value in infos[0].items()
        if all(name in info and info[name] == value for info in infos)
    }
    info = dict(same)
    for name in MEDIANS:
        if values := [info[name] for info in infos if info.get(name) is not None]:
            info[name] = statistics.median(values)
    info["around"] = _around([each["around"] for each in infos if each.get("around")])
    info["disturbed"] = _disturbed(infos)
    if kept := [each["metrics"] for each in infos if each.get("metrics")]:
        info["metrics"] = metric.merged(kept)
    info["passes"] = [
        {
            "number": number,
            "seconds": benchmark["stats"]["data"],
            **{name: value for name, value in benchmark["extra_info"].items() if name not in same},
        }
        for number, benchmark in visits
    ]
    medians = [statistics.median(benchmark["stats"]["data"]) for _, benchmark in visits]
    return {**first, "stats": {**first["stats"], **_stats(medians)}, "extra_info": info}


def _stats(medians: Iterable[float]) -> dict[str, Any]:
    stats: Any = Stats()
    for median in medians:
        stats.update(median)
    return {**stats.as_dict(), "data": stats.data}


def _around(visits: Sequence[Mapping[str, float | None]]) -> dict[str, float | None]:
    """Of each share and speed the median over the visits."""
    names = dict.fromkeys(name for visit in visits for name in visit)
    known = {name: [v for visit in visits if (v := visit.get(name)) is not None] for name in names}
    return {name: statistics.median(each) if each else None for name, each in known.items()}


def _disturbed(visits: Sequence[Mapping[str, Any]]) -> str:
    """The worst, and how many there were."""
    told = [visit for visit in visits if visit.get("disturbed")]
    if not told:
        return ""
    worst = max(told, key=lambda visit: runs.taken(visit.get("around")))["disturbed"]
    return f"{worst} ({len(told)} of {len(visits)} passes)"


def _ours(passes: Sequence[Content]) -> dict[str, Any]:
    ours = [content[runs.OURS] for content in passes]
    incomplete = list(dict.fromkeys(why for each in ours for why in each["incomplete"]))
    return {
        "home": ours[0]["home"],
        "passes": len(passes),
        "complete": not incomplete,
        "incomplete": incomplete,
        "skipped": ours[0]["skipped"],
        "left_out": ours[0]["left_out"],
        "notes": _alike([each["notes"] for each in ours]),
        "gil": _gil([each["gil"] for each in ours]),
        "yardsticks": [readings for each in ours for readings in each["yardsticks"]],
    }


def _alike(notes: Sequence[Sequence[str]]) -> list[str]:
    """Each note once, whatever its numbers, with in which passes it was made unless it was in all."""
    first: dict[str, str] = {}
    made: dict[str, list[str]] = {}
    for number, each in enumerate(notes, start=1):
        for note in each:
            kind = NUMBER.sub("#", note)
            first.setdefault(kind, note)
            made.setdefault(kind, []).append(str(number))
    return [
        note if len(made[kind]) == len(notes) else f"{note} (pass {', '.join(made[kind])})"
        for kind, note in first.items()
    ]


def _gil(watches: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    return {
        "start": any(each["start"] for each in watches),
        "end": any(each["end"] for each in watches),
        "switched_on_by": sorted({name for each in watches for name in each["switched_on_by"]}),
    }
