"""Saved runs: the only reader of pytest-benchmark's JSON.

The file holds what was measured. What follows from it is computed here, when a run is read.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypedDict

from concurbench import machine
from concurbench.errors import ConcurbenchError
from concurbench.results.drift import Readings
from concurbench.results.limits import with_limits
from concurbench.results.row import Row

NUMBERED = re.compile(r"\d{4,}_.*\.json")
"""The names of complete runs. pytest-benchmark's own look-ups take four digits only."""

OURS = "concurbench"
"""The key of what this project adds to pytest-benchmark's JSON."""

FORMAT = 2
"""The format of the runs that this version saves. Files without a number are of format 1, which held
limits and marks as they were computed then: they are ignored."""


class FindingInfo(TypedDict):
    """How the overview says what each model of a workload costs."""

    metrics: Sequence[str]
    models: Mapping[str, str]
    """Model -> a word for it, in the order to show; others are left out."""


class SurpriseInfo(TypedDict):
    """A sentence that explains a row, and the condition on which it is shown."""

    model: str
    """A model, which may have shell wildcards: the row to explain."""
    than: str
    """Another model of its group, likewise."""
    by: str
    """``time`` or a metric."""
    at_least: float
    """How many times worse the row must be."""
    sentence: str


class WorkloadInfo(TypedDict, total=False):
    """What the run's ``workloads`` say of one workload, under its name."""

    question: str
    criterion: str
    """What decides between the models: ``time`` or the name of a metric."""
    bound: float | None
    """The largest good value of that metric: models within it are compared by time. None for none."""
    cost_question: bool
    """Whether it asks what something costs, not which model to take."""
    explanations: dict[str, str]
    """Name of a bound or metric -> what it means."""
    overview: dict[str, str]
    """The groups that the overview shows -> their questions, in words a user has."""
    words: Mapping[str, str]
    """Metric -> what it says of a model, as in "the loop stands still"."""
    finding: FindingInfo | None
    surprises: Sequence[SurpriseInfo]


@dataclass(frozen=True)
class Gil:
    """Whether the interpreter lock was on, and which modules switched it on in between."""

    start: bool
    end: bool
    switched_on_by: tuple[str, ...]


@dataclass(frozen=True)
class Run:
    """What a file holds. Complete runs alone may become a baseline."""

    path: Path
    machine: Mapping[str, object]
    complete: bool
    rows: tuple[Row, ...]
    gil: Gil | None = None
    """None if the file does not say."""
    passes: int = 1
    home: str = ""
    """The folder of its machine and interpreter."""
    yardsticks: Sequence[Readings] = ()
    """The readings of each pass."""
    skipped: Mapping[str, str] = field(default_factory=dict)
    """Row -> why it was skipped."""
    left_out: int = 0
    """How many rows were not selected, because their models are not default."""
    notes: tuple[str, ...] = ()
    stats: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    """Row -> pytest-benchmark's statistics of its seconds."""
    workloads: Mapping[str, WorkloadInfo] = field(default_factory=dict)
    """Workload -> its question, its criterion and explanations."""

    @property
    def name(self) -> str:
        """Its number, or the file's name if it has none."""
        path = self.path
        return path.stem.partition("_")[0] if NUMBERED.fullmatch(path.name) else path.stem

    @functools.cached_property
    def readings(self) -> Readings:
        """The readings of each yardstick, over all passes."""
        return {
            name: [reading for each in self.yardsticks for reading in each.get(name, ())]
            for name in dict.fromkeys(name for each in self.yardsticks for name in each)
        }

    @functools.cached_property
    def groups(self) -> Mapping[str, Sequence[Row]]:
        """Group -> its rows, in order; rows without a group are under the empty name."""
        found: dict[str, list[Row]] = {}
        for row in self.rows:
            found.setdefault(row.group, []).append(row)
        return found

    @property
    def cores_note(self) -> str:
        """A sentence if Python reported another number of cores than the run could use."""
        return machine.reported_otherwise(self.machine)

    @functools.cached_property
    def by_id(self) -> Mapping[str, Row]:
        return {row.id: row for row in self.rows}


def read(path: Path) -> Run:
    """The run saved in a file.

    Raises:
        ConcurbenchError: the file cannot be read, or holds no run.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConcurbenchError(f"cannot read {path}: {error.strerror}") from None
    except ValueError as error:
        raise ConcurbenchError(f"{path}: not a saved run (not JSON: {error})") from None
    return parse(content, path)


def parse(content: Any, path: Path) -> Run:
    """The run that a file of this path has as its content.

    Raises:
        ConcurbenchError: it is not a run.
    """
    try:
        for key in ("machine_info", "benchmarks"):
            if key not in content:
                raise ValueError(f"no {key!r} in it")
        ours = content.get(OURS, {})
        if ours.get("format", 1) > FORMAT:
            raise ValueError(f"a newer version saved it (format {ours['format']}): update concurbench")
        gil, workloads = ours.get("gil"), dict(ours.get("workloads", {}))
        if not all(isinstance(each, dict) for each in workloads.values()):
            raise ValueError("workloads without their questions")
        return Run(
            path=path,
            machine=dict(content["machine_info"]),
            complete=ours.get("complete", False),
            rows=with_limits(Row.read(benchmark) for benchmark in content["benchmarks"]),
            gil=gil and Gil(gil["start"], gil["end"], tuple(gil["switched_on_by"])),
            passes=ours.get("passes", 1),
            home=ours.get("home") or path.parent.name,
            yardsticks=tuple(ours.get("yardsticks", ())),
            skipped=dict(ours.get("skipped", {})),
            left_out=ours.get("left_out", 0),
            notes=tuple(ours.get("notes", ())),
            stats={each["fullname"]: each["stats"] for each in content["benchmarks"]},
            workloads=workloads,
        )
    except LookupError as error:
        reason = f"no {error} in it"
    except ValueError as error:
        reason = str(error)
    except (TypeError, AttributeError):
        reason = "its parts are not those of pytest-benchmark's JSON"
    raise ConcurbenchError(f"{path}: not a saved run ({reason})")


def number(path: Path) -> int:
    return int(path.name.partition("_")[0])


def numbered(folder: Path) -> list[Path]:
    """The files of a machine's complete runs, the highest number first."""
    files = [path for path in folder.glob("*.json") if NUMBERED.fullmatch(path.name)]
    return sorted(files, key=number, reverse=True)


def matching(asked: str, folder: Path) -> list[Path]:
    """The files in a machine's folder with this number, or with names that start like this; of several,
    the last one is meant."""
    if asked.isdecimal():
        return sorted(path for path in numbered(folder) if number(path) == int(asked))
    return sorted(path for path in folder.glob("*.json") if path.name.startswith(asked))


def last_complete(folder: Path) -> tuple[Run | None, list[str]]:
    """The last complete run in a machine's folder, if any, and a warning for each newer file that
    cannot be read."""
    warnings: list[str] = []
    for path in numbered(folder):
        try:
            if (run := read(path)).complete:
                return run, warnings
        except ConcurbenchError as error:
            warnings.append(f"{error}; skipped")
    return None, warnings


def short_name(id: str) -> str:
    """A row's id without its file: ``flags[threaded-local-pop20-w20]``."""
    return id.rpartition("::")[2].removeprefix("test_")
