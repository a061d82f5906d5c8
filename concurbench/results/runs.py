"""Runs as pytest-benchmark saves them: the only reader of its JSON.

Seconds, and every round of every row as it was timed; nothing here rounds or guesses.
"""

from __future__ import annotations

import functools
import json
import re
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from concurbench.errors import ConcurbenchError
from concurbench.results import metric
from concurbench.results.drift import Readings
from concurbench.results.metric import Metric
from concurbench.results.statistics import Interval, interval, spread

BASELINE = "sequential"
"""The model that the others' times are compared with."""

NUMBERED = re.compile(r"\d{4,}_.*\.json")
"""How a complete run is named. pytest-benchmark's own look-ups take four digits only."""

OURS = "concurbench"
"""Under this key a saved run says what pytest-benchmark has no place for."""

POSSIBLE = 1.02
"""The efficiency up to which a row is believed: nothing is faster than the best possible."""

NOT_MEASURED = "a run of the time before limits were measured"


class ResultsError(ConcurbenchError):
    """A file that does not hold a run; the message names it."""


@dataclass(frozen=True)
class Row:
    """One benchmark of a run. Times are in seconds, in the order they were measured.

    ``seconds`` are its observations: of a single pass, each round; of a run of several, the median of
    each pass, for rounds of one process are not independent.
    """

    id: str
    group: str
    model: str
    server: str | None
    workers: int | None
    seconds: tuple[float, ...]
    limit: float | None
    efficiency: float | None
    fingerprint: str | None
    start_method: str | None = None
    """How the model's processes start; None where it starts none."""
    passes: int = 1
    """How many passes have visited it."""
    disturbed: str = ""
    """What disturbed it while it was measured, in a few words; empty where nothing did."""
    taken: float = 0.0
    """The share of the cores' time that steal and other programs had meanwhile; of several passes, the
    most in any."""
    doubt: str = ""
    """Why it seems to beat its limit, which nothing can; empty where it does not."""
    yardstick: str | None = None
    """The yardstick most like its work; None where none is."""
    metrics: tuple[Metric, ...] = ()
    """What was measured of it beside the time, in the order of its workload."""

    @classmethod
    def read(cls, benchmark: Mapping[str, Any]) -> Row:
        """From an entry of ``benchmarks`` in pytest-benchmark's JSON, with data."""
        info, stats = benchmark["extra_info"], benchmark["stats"]
        passes = len(info.get("passes", ())) or 1
        seconds = stats.get("data") or [stats["median"]]
        # Also what only pytest-benchmark's own tables need: a run without it could not be compared.
        needed = [stats[name] for name in ("min", "max", "mean", "median", "iqr", "stddev")]
        numbers = all(isinstance(value, int | float) for value in (*seconds, *needed))
        if not numbers or min(seconds) <= 0:
            raise ValueError(f"{benchmark['fullname']}: its times are none")
        return cls(
            id=benchmark["fullname"],
            group=benchmark["group"] or "",
            model=info.get("model") or benchmark["name"],
            server=info.get("server"),
            workers=info.get("workers"),
            seconds=tuple(seconds),
            limit=info.get("limit"),
            efficiency=info.get("efficiency"),
            fingerprint=info.get("fingerprint"),
            start_method=info.get("start_method"),
            passes=passes,
            disturbed=info.get("disturbed") or "",
            taken=max(
                (
                    taken(visit.get("around", info.get("around")))
                    for visit in info.get("passes", [info])
                ),
                default=0.0,
            ),
            doubt=info.get("doubt", NOT_MEASURED if (info.get("efficiency") or 0) > POSSIBLE else ""),
            yardstick=info.get("yardstick"),
            metrics=tuple(metric.read(info.get("metrics") or {}, passes)),
        )

    @property
    def median(self) -> float:
        return statistics.median(self.seconds)

    @property
    def interval(self) -> Interval | None:
        """Where the next run's median is to be expected; None where there are not passes enough."""
        return interval(self.seconds) if self.passes > 1 else None

    @property
    def spread(self) -> tuple[float, float]:
        """Its interval; of a single pass, from the first to the third quartile of its rounds. Where
        there are too few of either, their range."""
        return spread(self.seconds, self.passes)

    def metric(self, name: str) -> Metric | None:
        """The metric of this name, if it has one."""
        return next((each for each in self.metrics if each.name == name), None)


@dataclass(frozen=True)
class Gil:
    """Whether the interpreter lock was on, and what switched it on in between."""

    start: bool
    end: bool
    switched_on_by: tuple[str, ...]


@dataclass(frozen=True)
class Run:
    """One session of pytest, as saved."""

    path: Path
    machine: Mapping[str, Any]
    complete: bool
    rows: tuple[Row, ...]
    gil: Gil | None = None
    """None where the run does not say."""
    passes: int = 1
    """How many sessions it was measured in, one after another."""
    home: str = ""
    """The folder of its machine and interpreter."""
    yardsticks: Sequence[Readings] = ()
    """What each pass read."""
    skipped: Mapping[str, str] = field(default_factory=dict)
    """Row -> the reason it was skipped for."""
    left_out: int = 0
    """How many rows were not asked for, not being default."""
    notes: tuple[str, ...] = ()
    """What its reader should know."""
    stats: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    """Row -> what pytest-benchmark computed of its seconds."""

    @property
    def name(self) -> str:
        """Its number, or its name where it has none."""
        return (
            self.path.stem.partition("_")[0] if NUMBERED.fullmatch(self.path.name) else self.path.stem
        )

    @functools.cached_property
    def readings(self) -> Readings:
        """What was read of each yardstick, pass after pass."""
        return {
            name: [reading for each in self.yardsticks for reading in each.get(name, ())]
            for name in dict.fromkeys(name for each in self.yardsticks for name in each)
        }

    @functools.cached_property
    def by_id(self) -> Mapping[str, Row]:
        return {row.id: row for row in self.rows}


def read(path: Path) -> Run:
    """Read a saved run.

    Raises:
        ResultsError: the file cannot be read, or what it holds is not a run.
    """
    try:
        return parse(json.loads(path.read_text(encoding="utf-8")), path)
    except OSError as error:
        raise ResultsError(f"{path}: {error.strerror}") from error
    except ValueError as error:
        raise ResultsError(f"{path}: not a saved run ({type(error).__name__}: {error})") from error


def parse(content: Any, path: Path) -> Run:
    """The run that a file of this path holds as its content.

    Raises:
        ResultsError: it is none.
    """
    try:
        ours = content.get(OURS, {})
        gil = ours.get("gil")
        return Run(
            path=path,
            machine=dict(content["machine_info"].items()),
            complete=ours.get("complete", False),
            rows=tuple(Row.read(benchmark) for benchmark in content["benchmarks"]),
            gil=gil and Gil(gil["start"], gil["end"], tuple(gil["switched_on_by"])),
            passes=ours.get("passes", 1),
            home=ours.get("home") or path.parent.name,
            yardsticks=tuple(ours.get("yardsticks", ())),
            skipped=dict(ours.get("skipped", {})),
            left_out=ours.get("left_out", 0),
            notes=tuple(ours.get("notes", ())),
            stats={each["fullname"]: each["stats"] for each in content["benchmarks"]},
        )
    except (ValueError, TypeError, LookupError, AttributeError) as error:
        raise ResultsError(f"{path}: not a saved run ({type(error).__name__}: {error})") from error


def taken(around: Mapping[str, float | None] | None) -> float:
    """The share of the cores' time that was not this session's, as far as it is known."""
    return sum((around or {}).get(name) or 0.0 for name in ("steal", "others"))


def number(path: Path) -> int:
    """The number of a file that has one."""
    return int(path.name.partition("_")[0])


def numbered(folder: Path) -> list[Path]:
    """The files of a machine's folder that have a number, the highest first."""
    files = [path for path in folder.glob("*.json") if NUMBERED.fullmatch(path.name)]
    return sorted(files, key=number, reverse=True)


def last_complete(folder: Path) -> tuple[Run | None, list[str]]:
    """The last complete run in a machine's folder, if any, and a warning for each unreadable file
    that was passed over on the way to it."""
    warnings = []
    for path in numbered(folder):
        try:
            run = read(path)
        except ResultsError as error:
            warnings.append(f"{error}; passed over")
            continue
        if run.complete:
            return run, warnings
    return None, warnings


def set_limits(rows: Iterable[tuple[str | None, dict[str, Any], float]]) -> None:
    """Give each row its limit and efficiency, once all rows of a run are there.

    Each row is its group, its ``extra_info``, which is added to, and its median in seconds. A row
    either says its ``limit``, or the capacity of the cores it may use: how many times the work of one
    they were measured to do together around it (``capacity_near``). Such readings scatter, so what
    counts is the median over all rows with as many workers: their ``capacity``. The limit is the time
    of the group's baseline over that; without a baseline there is none.
    """
    rows = list(rows)
    baselines = {group: median for group, info, median in rows if info.get("model") == BASELINE}
    near: dict[int | None, list[float]] = {}
    for _, info, _ in rows:
        if "capacity_near" in info:
            near.setdefault(info.get("workers"), []).append(info["capacity_near"])
    for group, info, median in rows:
        if "capacity_near" in info:
            info["capacity"] = statistics.median(near[info.get("workers")])
            baseline = baselines.get(group)
            info["limit"] = None if baseline is None else baseline / info["capacity"]
        limit = info.setdefault("limit", None)
        info["efficiency"] = limit / median if limit else None


def short_name(id: str) -> str:
    """A row's id without its file: ``flags[threaded-local-pop20-w20]``."""
    return id.rpartition("::")[2].removeprefix("test_")
