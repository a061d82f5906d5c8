"""What one interpreter has measured so far, and the run that its passes become."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from pytest_benchmark.logger import Logger
from pytest_benchmark.utils import get_tag

from concurbench import machine
from concurbench.errors import ConcurbenchError
from concurbench.results import records, runs
from concurbench.results.baseline import differences
from concurbench.results.merge import changed, merge
from concurbench.results.runs import Run, short_name
from concurbench.results.storage import Storage, default_path, write_or_rescue
from concurbench.runner.child import ChildResult
from concurbench.runner.environments import Environment

RECORD = "run in progress"
"""The kind of file that holds what was measured while a run goes on."""

ADDED = ("pass", "interpreter")
"""What an entry of such a file has besides the fields of ``ChildResult``."""

Content = Mapping[str, Any]
"""What pytest-benchmark saves of one session."""


class Check(Protocol):
    """A condition of ``--benchmark-compare-fail``, as pytest-benchmark parses it."""

    def fails(self, current: Mapping[str, Any], compared: Mapping[str, Any]) -> str | None:
        """Why these times are too slow compared with those; None where they are not."""


@dataclass
class Measured:
    """The results of one environment, added process by process."""

    environment: Environment
    groups: Mapping[str, str]
    """Row -> group, for all rows that pytest collects there, in order."""
    contents: dict[int, list[Content]] = field(default_factory=dict)
    """Pass -> what its processes have saved."""
    finished: int = 0
    """Number of passes that ran to their end and saved something."""
    failed: dict[str, str] = field(default_factory=dict)
    """Row -> why it failed."""
    skipped: dict[str, str] = field(default_factory=dict)
    """Row -> why it was skipped."""
    lost: dict[str, str] = field(default_factory=dict)
    """Row -> how the process ended that should have measured it."""
    errors: list[str] = field(default_factory=list)
    """Sentences on everything else that went wrong."""
    seconds: dict[str, float] = field(default_factory=dict)
    """Row -> median of its rounds when it was first timed."""
    took: dict[str, float] = field(default_factory=dict)
    """Row -> seconds for which its first visit kept the process busy."""

    def add(self, number: int, rows: Iterable[str], result: ChildResult) -> None:
        """Add the result of a process that was to measure ``rows`` in pass ``number``."""
        for row, (outcome, why) in result.outcomes.items():
            if outcome == "failed":
                self.failed.setdefault(row, why)
            elif outcome == "skipped":
                self.skipped.setdefault(row, why)
        wrong = [*result.errors, *filter(None, [result.trouble])]
        if result.code and not wrong and not self.failed:
            wrong.append(f"pytest ended with exit code {result.code}")
        self.errors += [error for error in wrong if error not in self.errors]
        if result.content is None:
            if result.trouble:
                missing = (row for row in rows if row not in result.outcomes)
                self.lost.update(dict.fromkeys(missing, result.trouble))
        else:
            self.contents.setdefault(number, []).append(result.content)
            for row in result.content["benchmarks"]:
                self.seconds.setdefault(row["fullname"], row["stats"]["median"])
        for row, seconds in result.took.items():
            self.took.setdefault(row, seconds)
        for row in self.failed:
            self.seconds.pop(row, None)

    def passes(self) -> list[Content]:
        """The passes in order, each as one session would have saved it, without failed rows. A row
        that was changed between two passes has failed."""
        joined = [_joined(self.contents[number]) for number in sorted(self.contents)]
        for row in changed(joined):
            self.failed.setdefault(row, "it was changed while it was measured")
        return [_without(content, self.failed) for content in joined]


def read(file: Path) -> tuple[list[Measured], int]:
    """What an interrupted command had measured, and how many passes it was to make.

    Raises:
        ConcurbenchError: the file cannot be read or holds something else.
    """
    header, entries = records.read(file, RECORD)
    try:
        asked, groups = header["passes"], header["rows"]
        measured = {name: Measured(Environment(Path(), name), groups[name]) for name in groups}
        for entry in entries:
            result = {name: value for name, value in entry.items() if name not in ADDED}
            one, number = measured[entry["interpreter"]], entry["pass"]
            one.add(number, one.groups, ChildResult(**result))
            one.finished = max(one.finished, number - 1)  # the later pass has started
    except (LookupError, TypeError, AttributeError) as error:
        raise ConcurbenchError(f"{file} is not a {RECORD} file: {error!r}") from None
    return list(measured.values()), asked


@dataclass(frozen=True)
class Kept:
    """The run of one environment, and what the command says about it."""

    measured: Measured
    run: Run
    remarks: Sequence[str]
    """Notes on the comparison, and why the run cannot serve as a baseline."""
    regressions: Sequence[str]
    saved: Path | None
    trouble: str
    """Why it was not saved where it should be; empty where it was."""


def storage_at(folder: Path, home: str | None = None) -> Storage:
    """pytest-benchmark's storage for the runs of the machine folder ``home``; this machine's and
    interpreter's by default."""
    return Storage(folder, Logger(Logger.QUIET), default_machine_id=home or machine.folder())


def keep(
    measured: Measured,
    asked: int,
    storage: Path,
    earlier: Run | None = None,
    checks: Sequence[Check] = (),
    name: str | None = None,
    json_file: Path | None = None,
    *,
    always: bool = False,
) -> Kept | None:
    """Merge the passes into one run and save it; None where nothing was timed.

    A complete run gets a number. A partial run is saved under ``name`` if there is one. Otherwise it
    is saved with the user's state, if fewer than ``asked`` passes were finished or ``always``.
    """
    passes = measured.passes()
    if not any(content["benchmarks"] for content in passes):
        return None
    content = merge(passes)
    ours = content[runs.OURS]
    regressions = list(_regressions(content, earlier, checks)) if earlier else []
    incomplete = _incomplete(measured, asked, ours["incomplete"], bool(regressions))
    content[runs.OURS] = {
        **ours,
        "skipped": {**ours["skipped"], **measured.skipped},
        "incomplete": incomplete,
        "complete": not incomplete,
    }
    place = storage_at(storage, ours["home"])
    place.complete = not incomplete
    saved, trouble = None, ""
    if not incomplete or name:
        place.save(content, name or get_tag())
        saved, trouble = place.saved, place.trouble or ""
    elif always or measured.finished < asked:
        parts = (storage.resolve().parent.name, measured.environment.name)
        file = default_path("runs", "-".join(filter(None, parts)))
        saved, problem = write_or_rescue(file, json.dumps(content, indent=1))
        trouble = problem or ""
    if json_file:
        trouble = write_or_rescue(json_file, json.dumps(content, indent=1))[1] or trouble
    run = runs.parse(content, saved or place.folder / "run.json")
    remarks = differences(run, earlier)
    if incomplete:
        how = "" if saved else " (--benchmark-save=NAME saves it all the same)"
        remarks.append(f"not a complete run, so no baseline{how}: {'; '.join(incomplete)}")
    return Kept(measured, run, remarks, regressions, saved, trouble)


def _joined(contents: Sequence[Content]) -> Content:
    """The sessions of one pass as one session."""
    if len(contents) == 1:
        return contents[0]
    ours = [content[runs.OURS] for content in contents]
    joined = {
        **ours[0],
        "incomplete": _distinct(each["incomplete"] for each in ours),
        "notes": _distinct(each["notes"] for each in ours),
        "skipped": {row: why for each in ours for row, why in each["skipped"].items()},
        "left_out": max(each["left_out"] for each in ours),
        "yardsticks": [readings for each in ours for readings in each["yardsticks"]],
        "gil": {
            "start": any(each["gil"]["start"] for each in ours),
            "end": any(each["gil"]["end"] for each in ours),
            "switched_on_by": _distinct(each["gil"]["switched_on_by"] for each in ours),
        },
    }
    rows = [row for content in contents for row in content["benchmarks"]]
    return {**contents[0], "benchmarks": rows, runs.OURS: joined}


def _distinct(lists: Iterable[Iterable[str]]) -> list[str]:
    return list(dict.fromkeys(item for each in lists for item in each))


def _without(content: Content, failed: Mapping[str, str]) -> Content:
    rows = [row for row in content["benchmarks"] if row["fullname"] not in failed]
    return {**content, "benchmarks": rows}


def _incomplete(measured: Measured, asked: int, reasons: Sequence[str], slower: bool) -> list[str]:
    """Why the run is not complete; empty where it is."""
    found = list(reasons)
    if measured.failed:
        # Each pass has reported its own failures.
        found = [why for why in found if "rows failed" not in why and "exit code" not in why]
        found.append(f"{len(measured.failed)} of {len(measured.groups)} rows failed")
    if measured.finished < asked:
        found.append(f"{measured.finished} of {asked} passes")
    if measured.errors and not found:
        found.append(measured.errors[0])
    if slower:
        found.append("slower than --benchmark-compare-fail allows")
    return found


def _regressions(content: Content, earlier: Run, checks: Sequence[Check]) -> Iterator[str]:
    for row in content["benchmarks"]:
        before = earlier.by_id.get(row["fullname"])
        if before is None or before.fingerprint != row["extra_info"].get("fingerprint"):
            continue
        for check in checks:
            if why := check.fails(row["stats"], earlier.stats[row["fullname"]]):
                yield f"{short_name(row['fullname'])}: {why}"
