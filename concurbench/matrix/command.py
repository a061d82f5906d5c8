"""The command ``matrix``: runs of the same benchmarks under several interpreters, in one table."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.table import Table

from concurbench import machine, pyproject
from concurbench.command import (
    PytestCommand,
    ended_by_signals,
    published,
    pytest_arguments,
    suite_options,
    timeout_option,
)
from concurbench.errors import ConcurbenchError
from concurbench.matrix.table import Column, table
from concurbench.measure.lock import SessionLock
from concurbench.report.progress import StatusLine
from concurbench.report.text import say, show
from concurbench.results import index, runs
from concurbench.results.runs import Run
from concurbench.results.storage import from_here
from concurbench.runner import run as runner
from concurbench.runner.command import TIMEOUT, saving_options
from concurbench.runner.measured import Environment, Measured
from concurbench.runner.run import Request, Result

if TYPE_CHECKING:  # findpython may be missing
    from concurbench.matrix.interpreters import Found, Interpreter

PASSES = 3


def check_requirements() -> None:
    """Raise a ConcurbenchError where a package is missing that only this command needs."""
    for package in ("findpython", "uv"):
        if importlib.util.find_spec(package) is None:
            raise ConcurbenchError(f"this needs {package}: pip install 'concurbench[matrix]'")


@click.command("matrix", cls=PytestCommand, short_help="Measure under every interpreter, in one table.")
@click.option(
    "--python",
    "pythons",
    multiple=True,
    metavar="NAME|PATH",
    help="An interpreter, as 3.13t or a path; repeat for more. The first is the reference. "
    "[default: every interpreter found]",
)
@click.option(
    "--passes",
    default=PASSES,
    show_default=True,
    type=click.IntRange(min=1),
    help="Number of passes in each interpreter; each pass is one observation of each row.",
)
@click.option(
    "--list", "only_list", is_flag=True, help="Only list the interpreters, and why others are not used."
)
@click.option("--names", is_flag=True, help="Print the names of usable interpreters, one a line.")
@click.option("--saved", is_flag=True, help="Measure nothing: show the last run of each interpreter.")
@click.option(
    "--from",
    "sources",
    multiple=True,
    metavar="RUN",
    help="Measure nothing: show these runs; repeat for each column. RUN as in concurbench summary.",
)
@saving_options
@timeout_option(TIMEOUT)
@suite_options
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
    check_requirements()
    found = _chosen(pythons)
    if names:
        click.echo("".join(f"{each.name}\n" for each in found.taken), nl=False)
        return
    if only_list:
        show(_listed(found))
        return
    _check_no_session()
    environments, unusable = _environments(found.taken)
    if not environments:
        raise ConcurbenchError(
            "; ".join(unusable) or "no interpreter can be used: concurbench matrix --list"
        )
    for why in unusable:
        click.echo(why, err=True)
    request = Request(pytest_arguments(ctx), **options, keep_partial=True)
    code = runner.run(request, environments, lambda result: _show(result, unusable))
    ctx.exit(1 if unusable and not code else code)


def _chosen(pythons: Sequence[str]) -> Found:
    from concurbench.matrix.interpreters import Found, find, named

    versions = pyproject.requires_python(Path.cwd())
    if not pythons:
        return find(versions)
    chosen = [named(each, versions) for each in pythons]
    # One interpreter given twice is used once. An environment is used as often as the user says.
    return Found(
        [each for place, each in enumerate(chosen) if each.virtual or each not in chosen[:place]]
    )


def _listed(found: Found) -> Table:
    from concurbench.runner import environments

    listed = Table(box=None, pad_edge=False, header_style="dim")
    for heading in ("name", "version", "interpreter", "environment"):
        listed.add_column(heading, overflow="fold")
    for each in found.taken:
        place = environments.place(Path.cwd(), each.name)
        there = place.name if place.exists() else f"{place.name} (not made)"
        listed.add_row(
            each.name, each.full_version, _short(each.path), "its own" if each.virtual else there
        )
    distinct = {(each.name, why): (each, why) for each, why in found.passed_over}
    for each, why in distinct.values():  # the newest of each version
        listed.add_row("–", each.full_version, _short(each.path), f"unused: {why}", style="dim")
    return listed


def _short(path: Path) -> str:
    home = str(Path.home())
    return str(path).replace(home, "~", 1) if str(path).startswith(f"{home}{os.sep}") else str(path)


def _check_no_session() -> None:
    """Fail before environments are made, which takes minutes, if another session measures."""
    lock = SessionLock()
    lock.acquire("about to measure a matrix")
    lock.release()


def _environments(interpreters: Sequence[Interpreter]) -> tuple[list[Environment], list[str]]:
    """An environment for each interpreter, and why some interpreters cannot have one."""
    from concurbench.runner import environments

    made: dict[str, Environment] = {}
    unusable: list[str] = []
    here, status = Path.cwd(), StatusLine()
    with ended_by_signals():
        for each in interpreters:
            name, again = each.name, 2
            while name in made:
                name, again = f"{each.name}-{again}", again + 1
            try:
                python = each.path if each.virtual else _made(each, name, here, status.step)
            except (ConcurbenchError, OSError) as error:
                into = environments.place(here, name).name
                unusable.append(f"{name}: its environment {into} could not be made: {error}")
            else:
                made[name] = Environment(name, python)
    status.end()
    return list(made.values()), unusable


def _made(interpreter: Interpreter, name: str, here: Path, step: Callable[[str], None]) -> Path:
    from concurbench.runner import environments

    wanted = environments.wanted(here)
    into = environments.place(here, name)
    made = environments.ensure(interpreter.path, interpreter.full_version, into, here, wanted, step)
    if made.note:
        click.echo(f"{name}: {made.note}", err=True)
    return made.python


def _show(result: Result, unusable: Sequence[str]) -> None:
    by_name = {each.measured.environment.name: each.run for each in result.kept}
    columns, others = [], [*unusable, *(f"{why}" for why in result.unusable)]
    for one in result.measured:
        name = one.environment.name
        run = by_name.get(name) or Run(Path(), {}, complete=False, rows=(), skipped=one.skipped)
        columns.append(Column(name, run, _failed(one, run)))
        explained = {*one.failed.values(), *one.lost.values()}
        others += [f"{name}: {error}" for error in one.errors if error not in explained]
    show(table(columns, others))
    for kept in result.kept:
        name = kept.measured.environment.name
        for remark in kept.remarks:
            say(f"note: {name}: {remark}", "yellow")
        if kept.trouble:
            say(f"error: {kept.trouble}", "red", whole=True)
        if kept.saved:
            say(f"saved {from_here(kept.saved)}", "bold", whole=True)


def _failed(measured: Measured, run: Run) -> dict[str, str]:
    lost = {row: why for row, why in measured.lost.items() if row not in run.by_id}
    return {**lost, **measured.failed}


def _last_runs() -> list[Column]:
    """The last complete run of each interpreter on this machine."""
    results = index.results_folder()
    prefix = machine.folder("x").removesuffix("x")
    folders = sorted(results.glob(f"{prefix}*"))
    found = [run for folder in folders if (run := runs.last_complete(folder)[0])]
    if not found:
        raise ConcurbenchError(
            f"no complete run of this machine in {results}: concurbench matrix makes them"
        )
    return sorted((_column(run) for run in found), key=lambda column: _age(column.name))


def _column(run: Run) -> Column:
    version = str(run.machine.get("python_version", ""))
    minor = ".".join(version.split(".")[:2])
    return Column(f"{minor}{'t' if run.machine.get('free_threaded') else ''}" or run.name, run)


def _age(name: str) -> tuple[list[int], bool]:
    numbers = [int(part) for part in name.rstrip("t").split(".") if part.isdecimal()]
    return numbers, name.endswith("t")
