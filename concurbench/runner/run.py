"""A run from its request to its exit code: collect, measure pass after pass, merge, save, show."""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import click
from pytest_benchmark.utils import get_commit_info

from concurbench import machine
from concurbench.command import UNABLE, check_writable, ended_by_signals, published, system_error
from concurbench.errors import ConcurbenchError, Interrupted
from concurbench.measure.lock import SessionLock
from concurbench.report.progress import StatusLine
from concurbench.results import baseline
from concurbench.results.records import Record
from concurbench.results.runs import Run
from concurbench.results.storage import default_path
from concurbench.runner import schedule
from concurbench.runner.child import ENV_SERVER_PYTHON, ChildResult, PytestSuite
from concurbench.runner.measured import (
    RECORD,
    Kept,
    Measured,
    Request,
    Visit,
    keep,
    read,
    results_of,
    storage_at,
)
from concurbench.runner.workspace import Workspace

OPTIONS = ("-p", "concurbench.plugin", "-p", "no:cacheprovider")
"""Arguments of each pytest process, before the user's own."""

FAILED = 1
"""The exit code if a row failed or got slower than allowed, or an environment could not be used."""

IDLE = (
    "--collect-only", "--co", "--benchmark-disable", "--benchmark-skip", "--numprocesses",
    "--setup-only", "--setup-plan", "--fixtures",
)  # fmt: skip
"""Arguments with which pytest or pytest-benchmark measures nothing."""


@dataclass(frozen=True)
class Result:
    """The runs that a command has made, and what kept it from more."""

    kept: Sequence[Kept]
    measured: Sequence[Measured]
    """All environments, also those in which nothing was timed."""
    unusable: Sequence[str]
    """Why environments were left out, a sentence each."""
    earlier: Run | None
    notes: Sequence[str]


def run(request: Request, pythons: Mapping[str, Path], show: Callable[[Result], None]) -> int:
    """Measure with these interpreters, by name, save a run for each and show them; the exit code.

    What was measured before a signal, a full disk or a failing environment is kept.

    Raises:
        ConcurbenchError: nothing can be measured, or the request contradicts itself.
    """
    if request.compare_fail and request.compare is None:
        raise ConcurbenchError("--benchmark-compare-fail needs --benchmark-compare")
    check_writable(request.json_file)
    measured: list[Measured] = []
    unusable: list[str] = []
    notes: list[str] = []
    earlier, record, interrupted, folder = None, None, 0, Path()
    try:
        with measuring(request.arguments, request.timeout) as (suite, status):
            collected, unusable, first = collect(suite, pythons, status)
            folder = request.storage or Path(first.storage)
            earlier, notes = _earlier(request, folder)
            _check_storage(folder)
            record, done = _record(request, Path(first.root), collected)
            measured = collected
            measure(suite, measured, request.passes, status, record, done=done)
    except Interrupted as signal:
        interrupted = signal.exit_code
        click.echo("interrupted", err=True)
    except OSError as error:
        if not measured:
            raise
        where = record.path if record and not error.filename else None
        measured[0].errors.append(system_error(error, where))
    made = [keep(each, request, folder, earlier) for each in measured]
    kept = [each for each in made if each]
    if record is not None:
        if interrupted and any(each.contents for each in measured):
            click.echo(f"to go on, repeat the command with --resume={record.path}", err=True)
        else:
            record.path.unlink(missing_ok=True)  # the runs hold all of it now
    if not measured:
        return interrupted
    published(lambda: show(Result(kept, measured, unusable, earlier, notes)))
    if interrupted:
        return interrupted
    if not kept:
        return UNABLE
    return FAILED if unusable or _failed(measured) or any(each.regressions for each in kept) else 0


def recover(file: Path, storage: Path, name: str | None, show: Callable[[Result], None]) -> int:
    """Make the runs of what an interrupted command has left in ``file``; the exit code.

    Raises:
        ConcurbenchError: the file cannot be read, or nothing was timed.
    """
    measured = read(file)
    made = [keep(each, Request((), None, 0.0, name=name), storage) for each in measured]
    kept = [each for each in made if each]
    if not kept:
        raise ConcurbenchError(f"{file}: nothing was timed")
    published(lambda: show(Result(kept, measured, [], None, [])))
    return FAILED if _failed(measured) else 0


def _failed(measured: Sequence[Measured]) -> bool:
    """Whether a row failed, or a session."""
    return any(one.failed or one.errors for one in measured)


@contextmanager
def measuring(arguments: Sequence[str], timeout: float) -> Iterator[tuple[PytestSuite, StatusLine]]:
    """The suite in the current folder, while no other session measures on this machine and signals
    end this command in order; and the line that says where it is.

    Raises:
        ConcurbenchError: another session measures, or these arguments would measure nothing.
        Interrupted: a signal arrived.
    """
    for argument in arguments:
        if argument.partition("=")[0] in IDLE or argument.startswith("-n"):
            raise ConcurbenchError(f"{argument}: nothing would be timed: leave it out")
    server = os.environ.get(ENV_SERVER_PYTHON) or sys.executable
    if shutil.which(server) is None:
        raise ConcurbenchError(f"{ENV_SERVER_PYTHON}: no interpreter {server}")
    status, lock, here = StatusLine(), SessionLock(), Path.cwd()
    lock.acquire(f"started {time.strftime('%H:%M:%S')} in {here}")
    options = [*OPTIONS, *arguments]
    try:
        with ended_by_signals(), Workspace() as workspace:
            yield PytestSuite(workspace, here, options, server, timeout), status
    finally:
        status.end()
        lock.release()


def collect(
    suite: PytestSuite, pythons: Mapping[str, Path], status: StatusLine
) -> tuple[list[Measured], list[str], ChildResult]:
    """The environments in which pytest collects rows, nothing measured yet; why the others cannot be
    used; and the result of the first one, which says where the suite and its storage are.

    Raises:
        ConcurbenchError: no environment has any row.
    """
    several = len(pythons) > 1
    usable, unusable, results = list[Measured](), list[str](), list[ChildResult]()
    for name, python in pythons.items():
        status.step(f"collecting in {name}" if several else "collecting")
        result = suite.collect(python)
        if result.trouble or not result.rows:
            why = result.trouble or "no benchmarks to measure"
            unusable.append(f"{name}: {why}" if several else why)
        else:
            usable.append(Measured(name, python, {row.id: row.group for row in result.rows}))
            results.append(result)
    if not usable:
        raise ConcurbenchError("; ".join(unusable))
    return usable, unusable, results[0]


def measure(
    suite: PytestSuite, measured: Sequence[Measured], passes: int | None, status: StatusLine,
    record: Record | None = None, prefix: str = "", done: Mapping[Visit, ChildResult] | None = None,
) -> None:  # fmt: skip
    """Make these passes in all environments, or without a number as many as the verdicts need, and add
    the results; each result is also appended to the record. ``prefix`` starts each status line. What is
    ``done`` is not measured again.

    Ends early where a pass saved nothing in any environment: the next pass would not either.
    """
    plan = schedule.Plan(measured, passes)
    progress = schedule.Progress(measured, plan, status, prefix)
    suite.on_row = progress.row if sys.stderr.isatty() else None
    groups = {row: group for each in measured for row, group in each.groups.items()}
    number = 0
    while number < plan.passes:
        number += 1
        for each in measured:
            each.planned = plan.passes
        visits = [
            (each, rows)
            for each, part in schedule.visits(measured, groups, plan.due(number), number)
            if (rows := [row for row in part if row in (each.groups if number == 1 else each.seconds)])
        ]
        for position, (each, rows) in enumerate(visits):
            result = (done or {}).get((number, each.name, tuple(rows)))
            if result is None:
                progress.starts(number, visits[position:])
                observe = plan.observed(number)
                result = suite.measure(each.python, rows, plan.seconds(number), observe=observe)
                if record is not None:
                    # Where a checkout lies is private.
                    entry = asdict(replace(result, root="", storage=""))
                    where = {"pass": number, "passes": plan.passes, "interpreter": each.name}
                    record.append({**where, "visited": rows, "result": entry})
            each.add(number, rows, result)
        saved = [each for each in measured if number in each.contents]
        for each in saved:
            each.finished += 1
        if not saved:
            return
        plan.after(number)


def _earlier(request: Request, folder: Path) -> tuple[Run | None, list[str]]:
    """The run to compare with, and notes on the choice."""
    if request.compare is None:
        return None, []
    try:
        earlier, notes = baseline.choose(request.compare or True, folder / machine.folder())
    except ConcurbenchError as error:
        raise ConcurbenchError(f"--benchmark-compare: {error}") from None
    if request.compare_fail and earlier is None:
        raise ConcurbenchError(f"--benchmark-compare-fail: {notes[-1]}")
    return earlier, notes


def _check_storage(folder: Path) -> None:
    storage = storage_at(folder)
    try:
        storage.check_writable()
    except OSError as error:
        raise ConcurbenchError(
            f"{system_error(error, storage.folder)}: name another folder with --benchmark-storage"
        ) from None


def _record(
    request: Request, root: Path, measured: Sequence[Measured]
) -> tuple[Record, Mapping[Visit, ChildResult]]:
    """The file that holds what is measured until the run is saved, and what it holds already."""
    command = {
        "arguments": list(request.arguments),
        "passes": request.passes,
        "rows": {each.name: each.groups for each in measured},
        "code": get_commit_info()["id"],
    }
    if request.resume is not None:
        done = results_of(request.resume, command)
        return Record.reopened(request.resume), done
    path = default_path("running", root.name).with_suffix(".jsonl")
    return Record(path, RECORD, command), {}
