"""Runs as pytest-benchmark saves them: the only reader of its JSON.

Seconds, and every round of every row as it was timed; nothing here rounds or guesses.
"""

from __future__ import annotations

import functools
import json
import re
import statistics
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

BASELINE = "sequential"
"""The model that the others' times are compared with."""

NUMBERED = re.compile(r"\d{4,}_.*\.json")
"""How a complete run is named. pytest-benchmark's own look-ups take four digits only."""

OURS = "concurbench"
"""Under this key a saved run says what pytest-benchmark has no place for."""

FEW = 4
"""With fewer rounds than this, quartiles are guesses: the spread is then the whole range."""


class ResultsError(Exception):
    """A file that does not hold a run; the message names it."""


@dataclass(frozen=True)
class Row:
    """One benchmark of a run. Times are in seconds, in the order they were measured."""

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

    @classmethod
    def read(cls, benchmark: Mapping[str, Any]) -> Row:
        """From an entry of ``benchmarks`` in pytest-benchmark's JSON, with data."""
        info, stats = benchmark["extra_info"], benchmark["stats"]
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
        )

    @property
    def median(self) -> float:
        return statistics.median(self.seconds)

    @property
    def spread(self) -> tuple[float, float]:
        """From the first to the third quartile of the rounds, or their range where they are few."""
        if len(self.seconds) < FEW:
            return min(self.seconds), max(self.seconds)
        first, _, third = statistics.quantiles(self.seconds, n=4, method="inclusive")
        return first, third


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

    @property
    def name(self) -> str:
        """Its number, or its name where it has none."""
        return (
            self.path.stem.partition("_")[0] if NUMBERED.fullmatch(self.path.name) else self.path.stem
        )

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
        )
    except (ValueError, TypeError, LookupError, AttributeError) as error:
        raise ResultsError(f"{path}: not a saved run ({type(error).__name__}: {error})") from error


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
    either says its ``limit``, or how many times faster than the baseline of its group it could be at
    best (``speedup_limit``); without a baseline it then has none.
    """
    rows = list(rows)
    baselines = {group: median for group, info, median in rows if info.get("model") == BASELINE}
    for group, info, median in rows:
        if "speedup_limit" in info:
            baseline = baselines.get(group)
            info["limit"] = None if baseline is None else baseline / info["speedup_limit"]
        limit = info.get("limit")
        info["efficiency"] = limit / median if limit else None


def short_name(id: str) -> str:
    """A row's id without its file: ``flags[threaded-local-pop20-w20]``."""
    return id.rpartition("::")[2].removeprefix("test_")
