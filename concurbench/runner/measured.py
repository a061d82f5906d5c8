"""What one interpreter has measured so far, and the run that its passes become."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pytest_benchmark.logger import Logger
from pytest_benchmark.utils import get_tag

from concurbench import machine
from concurbench.errors import ConcurbenchError
from concurbench.results import records, runs
from concurbench.results.baseline import differences
from concurbench.results.merge import Content, changed, merge, merge_ours
from concurbench.results.runs import Run, short_name
from concurbench.results.storage import Storage, default_path, partial_run, write_or_rescue
from concurbench.runner.child import ChildResult

RECORD = "run in progress"
"""The kind of file that holds what was measured while a run goes on."""


Visit = tuple[int, str, tuple[str, ...]]
"""A process of a run: its pass, its interpreter and its rows."""


@dataclass(frozen=True)
class Request:
    """The options of a command that makes runs."""

    arguments: Sequence[str]
    """For pytest."""
    passes: int | None
    """None for as many as the verdicts need."""
    timeout: float
    """Seconds a pytest process may go without a response."""
    compare: str | None = None
    """The earlier run; "" for the last complete one, None for no comparison."""
    compare_fail: Sequence[Any] = ()
    """Conditions, as pytest-benchmark parses them."""
    name: str | None = None
    json_file: Path | None = None
    storage: Path | None = None
    keep_partial: bool = False
    """Save partial runs too, with the user's state."""
    resume: Path | None = None
    """What the same command had measured when it was interrupted."""


@dataclass
class Measured:
    """The results of one environment, added process by process."""

    name: str
    """Its interpreter, as in ``3.13t``; unique within a command."""
    python: Path
    groups: Mapping[str, str]
    """Row -> group, for all rows that pytest collects there, in order."""
    contents: dict[int, list[Content]] = field(default_factory=dict)
    """Pass -> what its processes have saved."""
    planned: int = 1
    """Number of passes that the command was to make when it last started one."""
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
            medians = {row["fullname"]: row["stats"]["median"] for row in result.content["benchmarks"]}
            self.seconds = {**medians, **self.seconds}
        self.took = {**result.took, **self.took}
        for row in self.failed:
            self.seconds.pop(row, None)

    def passes(self) -> list[dict[str, Any]]:
        """The passes in order, each as one session would have saved it, without failed rows. A row
        that was changed between two passes has failed."""
        joined = [_joined(self.contents[number]) for number in sorted(self.contents)]
        for row in changed(joined):
            self.failed.setdefault(row, "it was changed while it was measured")
        for content in joined:
            rows = [row for row in content["benchmarks"] if row["fullname"] not in self.failed]
            content["benchmarks"] = rows
        return joined


def read(file: Path) -> list[Measured]:
    """What an interrupted command had measured.

    Raises:
        ConcurbenchError: the file cannot be read or holds something else.
    """
    header, entries = records.read(file, RECORD)
    with _understood(file):
        groups = header["rows"]
        measured = {name: Measured(name, Path(), groups[name]) for name in groups}
        for entry in entries:
            one, number = measured[entry["interpreter"]], entry["pass"]
            one.add(number, one.groups, ChildResult(**entry["result"]))
            one.finished = max(one.finished, number - 1)  # the later pass has started
            one.planned = entry["passes"]
    return list(measured.values())


def results_of(file: Path, command: Mapping[str, Any]) -> dict[Visit, ChildResult]:
    """The results of the processes that an interrupted command has ended, if it was this ``command``.

    Raises:
        ConcurbenchError: the file cannot be read or holds something else, or the command was another.
    """
    header, entries = records.read(file, RECORD)
    for name, value in json.loads(json.dumps(command)).items():
        if header.get(name) != value:
            raise ConcurbenchError(
                f"{file} was measured with other {name}: repeat the command as it was, on the same "
                f"commit, or run it without --resume"
            )
    with _understood(file):
        return {
            (entry["pass"], entry["interpreter"], tuple(entry["visited"])): ChildResult(
                **entry["result"]
            )
            for entry in entries
        }


@contextmanager
def _understood(file: Path) -> Iterator[None]:
    try:
        yield
    except (LookupError, TypeError, AttributeError) as error:
        raise ConcurbenchError(f"{file} is not a {RECORD} file: {error!r}") from None


@dataclass(frozen=True)
class Kept:
    """The run of one environment, and what the command says about it."""

    measured: Measured
    run: Run
    remarks: Sequence[str]
    """Notes on the comparison, and why the run cannot serve as a baseline."""
    regressions: Sequence[str]
    saved: Path | None
    trouble: str | None
    """Why it was not saved where it should be."""


def storage_at(folder: Path, home: str | None = None) -> Storage:
    """pytest-benchmark's storage for the runs of the machine folder ``home``; this machine's and
    interpreter's by default."""
    return Storage(folder, Logger(Logger.QUIET), default_machine_id=home or machine.folder())


def keep(
    measured: Measured, request: Request, storage: Path, earlier: Run | None = None
) -> Kept | None:
    """Merge the passes into one run and save it; None where nothing was timed.

    A complete run gets a number. A partial run is saved under the request's name if there is one.
    Otherwise it is saved with the user's state, if passes are missing or partial runs are to be kept.
    """
    passes = measured.passes()
    if not any(content["benchmarks"] for content in passes):
        return None
    content = merge(passes)
    ours = content[runs.OURS]
    regressions = list(_regressions(content, earlier, request.compare_fail)) if earlier else []
    incomplete = _incomplete(measured, ours["incomplete"], bool(regressions))
    ours |= {"incomplete": incomplete, "complete": not incomplete}
    ours["skipped"] |= measured.skipped
    place = storage_at(storage, ours["home"])
    place.complete = not incomplete
    saved, trouble = None, None
    if not incomplete or request.name:
        place.save(content, request.name or get_tag())
        saved, trouble = place.saved, place.trouble
    elif request.keep_partial or measured.finished < measured.planned:
        parts = (storage.resolve().parent.name, measured.name)
        file = default_path("runs", "-".join(filter(None, parts)))
        saved, trouble = write_or_rescue(file, json.dumps(content, indent=1))
    if request.json_file:
        trouble = write_or_rescue(request.json_file, json.dumps(content, indent=1))[1] or trouble
    run = runs.parse(content, saved or place.folder / "run.json")
    remarks = differences(run, earlier)
    if incomplete:
        remarks.append(partial_run(incomplete, saved=bool(saved)))
    return Kept(measured, run, remarks, regressions, saved, trouble)


def _joined(contents: Sequence[Content]) -> dict[str, Any]:
    """The sessions of one pass as one session."""
    if len(contents) == 1:
        return {**contents[0]}
    ours = [content[runs.OURS] for content in contents]
    joined = {
        **merge_ours(ours),
        "passes": 1,
        "notes": list(dict.fromkeys(note for each in ours for note in each["notes"])),
        "skipped": {row: why for each in ours for row, why in each["skipped"].items()},
        "left_out": max(each["left_out"] for each in ours),
    }
    rows = [row for content in contents for row in content["benchmarks"]]
    return {**contents[0], "benchmarks": rows, runs.OURS: joined}


def _incomplete(measured: Measured, reasons: Sequence[str], slower: bool) -> list[str]:
    """Why the run is not complete; empty where it is."""
    found = list(reasons)
    if measured.failed:
        # Each pass has reported its own failures.
        found = [why for why in found if "rows failed" not in why and "exit code" not in why]
        found.append(f"{len(measured.failed)} of {len(measured.groups)} rows failed")
    if measured.finished < measured.planned:
        found.append(f"{measured.finished} of {measured.planned} passes")
    if measured.errors and not found:
        found.append(measured.errors[0])
    if slower:
        found.append("slower than --benchmark-compare-fail allows")
    return found


def _regressions(content: Content, earlier: Run, checks: Sequence[Any]) -> Iterator[str]:
    for row in content["benchmarks"]:
        id, before = row["fullname"], earlier.by_id.get(row["fullname"])
        if before and before.fingerprint == row["extra_info"].get("fingerprint"):
            found = (check.fails(row["stats"], earlier.stats[id]) for check in checks)
            yield from (f"{short_name(id)}: {why}" for why in found if why)
