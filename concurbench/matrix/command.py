"""The command ``matrix``: runs of the same benchmarks under several interpreters, in one table."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
from packaging.version import Version
from rich.table import Table

from concurbench import machine, pyproject
from concurbench.command import (
    PytestCommand,
    ended_by_signals,
    published,
    pytest_arguments,
)
from concurbench.errors import ConcurbenchError
from concurbench.matrix import interpreters
from concurbench.matrix.interpreters import Found, InstalledInterpreter
from concurbench.matrix.table import Column, table
from concurbench.measure.lock import SessionLock
from concurbench.report.progress import StatusLine
from concurbench.report.text import say, show
from concurbench.results import index, runs
from concurbench.results.runs import Run
from concurbench.runner import environments
from concurbench.runner import run as runner
from concurbench.runner.command import run_options, show_saved
from concurbench.runner.measured import Request
from concurbench.runner.run import Result

PASSES = 3


@click.command("matrix", cls=PytestCommand, short_help="Measure under every interpreter, in one table.")
@click.option(
    "--python", "pythons", multiple=True, metavar="NAME|PATH",
    help="An interpreter, as 3.13t or a path; repeat for more. The first is the reference. "
    "[default: every interpreter found]",
)  # fmt: skip
@click.option(
    "--list", "only_list", is_flag=True, help="Only list the interpreters, and why others are not used."
)
@click.option("--names", is_flag=True, help="Print the names of usable interpreters, one a line.")
@click.option("--saved", is_flag=True, help="Measure nothing: show the last run of each interpreter.")
@click.option(
    "--from", "sources", multiple=True, metavar="RUN",
    help="Measure nothing: show these runs; repeat for each column. RUN as in concurbench summary.",
)  # fmt: skip
@run_options(PASSES)
@click.pass_context
def matrix(
    ctx: click.Context, /, pythons: tuple[str, ...], only_list: bool, names: bool, saved: bool,
    sources: tuple[str, ...], **options: Any,
) -> None:  # fmt: skip
    """Measure the benchmarks under every interpreter of this machine, and show one table.

    Each interpreter gets an environment of its own; a path into a virtual environment is used as it
    is. Rows are measured in slices, each slice under all interpreters back to back, pass after pass.
    Each interpreter's run is saved like that of concurbench run, in the interpreter's own folder.

    The options from --models on are those of this project's own suite; they are passed on to pytest.
    So is everything behind --.

    \b
    Exit codes: 0  every row was measured, or skipped with its reason
                1  a row failed, or an interpreter could not be used
                2  no answer: nothing could be measured

    \b
    Examples: concurbench matrix
              concurbench matrix --python 3.11 --python 3.13t --cases=smallest
              concurbench matrix --saved
              concurbench matrix -- benchmarks/test_primes.py
    """
    if saved or sources:
        columns = [_column(run) for run in map(index.find, sources)] if sources else _last_runs()
        published(lambda: show(table(columns)))
        return
    for package in ("findpython", "uv"):
        if importlib.util.find_spec(package) is None:
            raise ConcurbenchError(f"this needs {package}: pip install 'concurbench[matrix]'")
    found = _chosen(pythons)
    if names:
        click.echo("".join(f"{each.name}\n" for each in found.taken), nl=False)
        return
    if only_list:
        show(_listed(found))
        return
    # Another session would refuse the run, but only after minutes of making environments.
    lock = SessionLock()
    lock.acquire("about to measure a matrix")
    lock.release()
    pythons_of, unusable = _environments(found.taken)
    if not pythons_of:
        raise ConcurbenchError(
            "; ".join(unusable) or "no interpreter can be used: concurbench matrix --list"
        )
    for why in unusable:
        click.echo(why, err=True)
    request = Request(pytest_arguments(ctx), **options, keep_partial=True)
    code = runner.run(request, pythons_of, lambda result: _show(result, unusable))
    ctx.exit(1 if unusable and not code else code)


def _chosen(pythons: Sequence[str]) -> Found:
    versions = pyproject.requires_python(Path.cwd())
    if not pythons:
        return interpreters.find(versions)
    chosen = [interpreters.named(each, versions) for each in pythons]
    # One interpreter given twice is used once. An environment is used as often as the user says.
    return Found(
        [each for place, each in enumerate(chosen) if each.virtual or each not in chosen[:place]]
    )


def _listed(found: Found) -> Table:
    listed = Table(box=None, pad_edge=False, header_style="dim")
    for heading in ("name", "version", "interpreter", "environment"):
        listed.add_column(heading, overflow="fold")
    for each in found.taken:
        place = environments.place(Path.cwd(), each.name)
        there = place.name if place.exists() else f"{place.name} (not made)"
        path = _short(each.path)
        listed.add_row(each.name, each.full_version, path, "its own" if each.virtual else there)
    distinct = {(each.name, why): (each, why) for each, why in found.passed_over}
    for each, why in distinct.values():  # the newest of each version
        listed.add_row("–", each.full_version, _short(each.path), f"unused: {why}", style="dim")
    return listed


def _short(path: Path) -> str:
    home = Path.home()
    return f"~/{path.relative_to(home)}" if path.is_relative_to(home) else str(path)


def _environments(found: Sequence[InstalledInterpreter]) -> tuple[dict[str, Path], list[str]]:
    """The python of each interpreter's environment, by name, and why some cannot have one."""
    made: dict[str, Path] = {}
    unusable: list[str] = []
    here, status, packages = Path.cwd(), StatusLine(), environments.packages(Path.cwd())
    with ended_by_signals():
        for each in found:
            name, again = each.name, 2
            while name in made:
                name, again = f"{each.name}-{again}", again + 1
            if each.virtual:
                made[name] = each.path
                continue
            into = environments.place(here, name)
            try:
                environment = environments.ensure(
                    each.path, each.full_version, into, here, packages, status.step
                )
            except (ConcurbenchError, OSError) as error:
                unusable.append(f"{name}: its environment {into.name} could not be made: {error}")
            else:
                made[name] = environment.python
                if environment.note:
                    click.echo(f"{name}: {environment.note}", err=True)
    status.end()
    return made, unusable


def _show(result: Result, unusable: Sequence[str]) -> None:
    made = {each.measured.name: each.run for each in result.kept}
    columns, others = [], [*unusable, *result.unusable]
    for one in result.measured:
        run = made.get(one.name) or Run(Path(), {}, complete=False, rows=(), skipped=one.skipped)
        lost = {row: why for row, why in one.lost.items() if row not in run.by_id}
        columns.append(Column(one.name, run, {**lost, **one.failed}))
        explained = {*one.failed.values(), *one.lost.values()}
        others += [f"{one.name}: {error}" for error in one.errors if error not in explained]
    show(table(columns, others))
    for kept in result.kept:
        for remark in kept.remarks:
            say(f"note: {kept.measured.name}: {remark}", "yellow")
        show_saved(kept)


def _last_runs() -> list[Column]:
    """The last complete run of each interpreter on this machine, the oldest interpreter first."""
    results = index.results_folder()
    prefix = machine.folder("x").removesuffix("x")
    folders = sorted(results.glob(f"{prefix}*"))
    found = [run for folder in folders if (run := runs.last_complete(folder)[0])]
    if not found:
        raise ConcurbenchError(
            f"no complete run of this machine in {results}: concurbench matrix makes them"
        )
    return [_column(run) for run in sorted(found, key=_age)]


def _age(run: Run) -> tuple[tuple[int, ...], bool]:
    return Version(str(run.machine["python_version"])).release[:2], bool(
        run.machine.get("free_threaded")
    )


def _column(run: Run) -> Column:
    minor = ".".join(str(run.machine.get("python_version", "")).split(".")[:2])
    return Column(f"{minor}{'t' if run.machine.get('free_threaded') else ''}" or run.name, run)
