"""A run from its options to its exit code: the passes, what is kept, what is shown."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import click
from pytest_benchmark.utils import parse_compare_fail, parse_save

from concurbench import machine
from concurbench.command import check_writable, published
from concurbench.errors import ConcurbenchError, Interrupted
from concurbench.report.footnotes import compared
from concurbench.report.telling import tell
from concurbench.report.text import say
from concurbench.results import baseline
from concurbench.results.baseline import NoSuchRun
from concurbench.results.runs import Run
from concurbench.results.storage import from_here
from concurbench.runner.keeping import Check, Kept, check_storage, keep
from concurbench.runner.run import Passes
from concurbench.runner.suite import ready


@dataclass(frozen=True)
class Wanted:
    """What was asked for beside the measuring itself."""

    passes: int
    compare: str | None
    compare_fail: tuple[str, ...]
    name: str | None
    json_file: Path | None
    storage: Path | None
    timeout: float


def make(wanted: Wanted, arguments: Sequence[str]) -> int:
    """Measure, keep and show; the exit code."""
    checks = [_check(each) for each in wanted.compare_fail]
    if checks and wanted.compare is None:
        raise ConcurbenchError("--benchmark-compare-fail needs --benchmark-compare beside it")
    _check_name(wanted.name)
    check_writable(wanted.json_file)
    passes: Passes | None = None
    earlier: Run | None = None
    folder, notes, ended = Path(), list[str](), 0
    try:
        with ready(arguments, wanted.passes, wanted.timeout) as suite:
            folder = wanted.storage or suite.storage
            earlier, notes = _earlier(wanted.compare, folder / machine.folder())
            if checks and earlier is None:
                raise ConcurbenchError(f"--benchmark-compare-fail: {notes[-1]}")
            check_storage(folder)
            passes = Passes(suite.rows, wanted.passes)
            suite.measure(passes)
    except Interrupted as signal:
        ended = 128 + signal.number
        click.echo("interrupted", err=True)
    except OSError as error:
        if passes is None:
            raise ConcurbenchError(str(error)) from None
        passes.errors.append(str(error))  # what was complete by then is kept
    if passes is None:
        return ended
    kept = keep(passes, folder, earlier, checks, wanted.name, wanted.json_file)
    published(lambda: _show(passes, kept, earlier, notes))
    if ended:
        return ended
    return 2 if kept is None else 1 if passes.failed or passes.errors or kept.regressions else 0


def _check(expression: str) -> Check:
    try:
        check: Check = parse_compare_fail(expression)
    except argparse.ArgumentTypeError:
        raise ConcurbenchError(
            f"--benchmark-compare-fail: expected an expression as median:10%, got {expression!r}"
        ) from None
    return check


def _check_name(name: str | None) -> None:
    if name is not None:
        try:
            parse_save(name)
        except argparse.ArgumentTypeError as error:
            raise ConcurbenchError(f"--benchmark-save: {error}") from None


def _earlier(asked: str | None, folder: Path) -> tuple[Run | None, list[str]]:
    if asked is None:
        return None, []
    try:
        return baseline.choose(asked or True, folder)
    except NoSuchRun as error:
        raise ConcurbenchError(f"--benchmark-compare: {error}") from None


def _show(passes: Passes, kept: Kept | None, earlier: Run | None, notes: Sequence[str]) -> None:
    if kept is not None:
        before = compared(kept.run, earlier) if earlier else None
        tell(kept.run, before, [*notes, *kept.remarks])
    for row, why in passes.failed.items():
        say(f"FAILED {row}: {why}", "red", whole=True)
    for error in passes.errors:
        say(f"error: {error}", "red", whole=True)
    if kept is None:
        return
    for regression in kept.regressions:
        say(f"slower than --benchmark-compare-fail allows: {regression}", "red", whole=True)
    if kept.trouble:
        say(f"error: {kept.trouble}", "red", whole=True)
    if kept.saved:
        say(f"saved {from_here(kept.saved)}", "bold", whole=True)
