"""The commands ``interpreters`` and ``environment``, and ``matrix``, which measures over all lanes."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import shutil
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.table import Table

from concurbench import pyproject
from concurbench.command import (
    EXISTING,
    FILE,
    PytestCommand,
    check_writable,
    ended_by_signals,
    published,
)
from concurbench.errors import ConcurbenchError, Interrupted
from concurbench.report.text import show

if TYPE_CHECKING:  # findpython is there only where lanes are wanted
    from concurbench.matrix.matrix import Lane
    from concurbench.runner.child import CollectedRow, PytestSuite
    from concurbench.runner.interpreters import Found, Interpreter


def check_requirements() -> None:
    """One sentence where something is missing that only these commands need."""
    for package in ("findpython", "virtualenv"):
        if importlib.util.find_spec(package) is None:
            raise ConcurbenchError(f"this needs {package}: pip install 'concurbench[lanes]'")


def needed(folder: Path) -> str:
    """The versions of Python that a project runs on; ours, where it does not say."""
    said = pyproject.read(folder).get("project", {}).get("requires-python")
    return str(said or importlib.metadata.metadata("concurbench")["Requires-Python"])


@click.command("interpreters")
@click.option("--names", is_flag=True, help="Only the names of those a matrix would take, one a line.")
def interpreters(names: bool) -> None:
    """Which Pythons are here, and which of them would make a lane?

    \b
    Examples: concurbench interpreters
              for python in $(concurbench interpreters --names); do make test PYTHON=$python; done
    """
    check_requirements()
    from concurbench.runner.interpreters import find

    found = find(needed(Path.cwd()))
    if names:
        click.echo("".join(f"{each.name}\n" for each in found.taken), nl=False)
    else:
        show(_listed(found))


def _listed(found: Found) -> Table:
    from concurbench.runner import environments

    table = Table(box=None, pad_edge=False, header_style="dim")
    for heading in ("lane", "version", "interpreter", "environment"):
        table.add_column(heading, overflow="fold")
    for each in found.taken:
        place = environments.place(Path.cwd(), each.name)
        there = place.name if place.exists() else f"{place.name} (not made yet)"
        table.add_row(each.name, each.told, _short(each.path), "its own" if each.virtual else there)
    distinct = {(each.name, why): (each, why) for each, why in found.passed_over}
    for each, why in distinct.values():  # of each version the newest
        table.add_row("–", each.told, _short(each.path), why, style="dim")
    return table


def _short(path: Path) -> str:
    home = str(Path.home())
    return str(path).replace(home, "~", 1) if str(path).startswith(f"{home}{os.sep}") else str(path)


@click.command("environment")
@click.argument("python", required=False)
@click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where to make it. [default: .venv- and the lane's name]",
)
@click.option(
    "--extra",
    "extras",
    multiple=True,
    metavar="NAME",
    help="An extra of the project that it must have, in place of those configured.",
)
def environment(python: str | None, folder: Path | None, extras: tuple[str, ...]) -> None:
    """Make the environment of a lane: one for PYTHON, with what the project here needs.

    PYTHON is a name as in 3.13t or python3.13t, a command or a path. Without it, the environment that
    this command runs in is completed. What is there and right stays.

    Packages come as wheels only. Those of the extras that pyproject.toml calls optional, under
    [tool.concurbench.environment], may be missing: that costs the rows that need them.

    \b
    Examples: concurbench environment 3.13t
              concurbench environment /opt/python/bin/python3 --folder .venv-mine
    """
    check_requirements()
    from concurbench.runner import environments
    from concurbench.runner.installing import EnvironmentFailed
    from concurbench.runner.interpreters import NoSuchInterpreter, ask, named

    here = Path.cwd()
    try:
        wanted = environments.wanted(here, extras)
        if python is None:
            interpreter = ask(sys.executable)
            assert interpreter is not None, sys.executable
            into = folder or Path(sys.prefix)
        else:
            interpreter = named(python, needed(here))
            into = folder or environments.place(here, interpreter.name)
        made = environments.ensure(
            interpreter, into, here, wanted, lambda line: click.echo(f"{line} …")
        )
    except (NoSuchInterpreter, EnvironmentFailed) as error:
        raise ConcurbenchError(str(error)) from None
    except OSError as error:
        raise ConcurbenchError(f"{error.filename}: {error.strerror}") from None
    if made.missing:
        click.echo(f"Python {interpreter.told}: {made.told}")


def _say(what: str) -> None:
    click.echo(f"{what} …")


@click.command("matrix", cls=PytestCommand)
@click.option(
    "--python",
    "pythons",
    multiple=True,
    metavar="NAME|PATH",
    help="A lane, as 3.13t or a path; again for more. The first is what the others are compared with. "
    "[default: every interpreter found]",
)
@click.option(
    "--passes",
    default=3,
    show_default=True,
    type=click.IntRange(min=1),
    help="How often to visit each row in each lane; each is one observation.",
)
@click.option("--list", "only_list", is_flag=True, help="Only say which interpreters are found.")
@click.option(
    "--timeout",
    default=900.0,
    show_default=True,
    metavar="SECONDS",
    type=click.FloatRange(min=1),
    help="How long one session, a few rows in one lane, may take.",
)
@click.option(
    "--json",
    "json_file",
    metavar="FILE",
    type=FILE,
    help="Keep all raw runs and the table here. [default: a file named at the end]",
)
@click.option(
    "--from",
    "source",
    metavar="FILE",
    type=EXISTING,
    help="Measure nothing: show what an earlier matrix has measured.",
)
@click.pass_context
def matrix(
    ctx: click.Context, /, pythons: tuple[str, ...], passes: int, only_list: bool, timeout: float,
    json_file: Path | None, source: Path | None,
) -> None:  # fmt: skip
    """Run the benchmarks over every interpreter here, in turn, into one table.

    Each interpreter gets an environment of its own; a path into a virtual environment is taken as it
    is. Rows are measured in slices, the same slice in all lanes back to back, pass after pass.

    \b
    Exit codes: 0  every row was measured or skipped with its reason
                1  a row failed, or a lane did
                2  no answer: nothing could be measured

    \b
    Examples: concurbench matrix
              concurbench matrix --python 3.11 --python 3.13t -- --cases=smallest
              concurbench matrix -- benchmarks/test_primes.py
    """
    check_requirements()
    if only_list:
        show(_listed(_chosen(pythons)))
        return
    if source is None:
        check_writable(json_file)
        ctx.exit(_measured(_chosen(pythons).taken, passes, timeout, json_file, ctx.meta))
    from concurbench.matrix import record

    try:
        content = record.read(source)
    except record.RecordError as error:
        raise ConcurbenchError(str(error)) from None
    ctx.exit(_shown(content))


def _chosen(pythons: Sequence[str]) -> Found:
    from concurbench.runner.interpreters import Found, NoSuchInterpreter, find, named

    versions = needed(Path.cwd())
    try:
        if not pythons:
            return find(versions)
        chosen = [named(each, versions) for each in pythons]
        # The same one twice is one lane; of an environment, whoever made it knows why.
        return Found(
            [each for place, each in enumerate(chosen) if each.virtual or each not in chosen[:place]]
        )
    except NoSuchInterpreter as error:
        raise ConcurbenchError(str(error)) from None


def _measured(
    interpreters: Sequence[Interpreter], passes: int, timeout: float, json_file: Path | None,
    meta: dict[str, Any],
) -> int:  # fmt: skip
    """Make the lanes, measure, keep and show; the exit code."""
    from concurbench import machine
    from concurbench.matrix import matrix
    from concurbench.matrix.record import Record
    from concurbench.report.progress import StatusLine
    from concurbench.results.storage import default_path
    from concurbench.runner.child import PytestSuite
    from concurbench.runner.workspace import Workspace

    here, watch = Path.cwd(), StatusLine()
    arguments = meta.get("pytest", ())
    record, ended = None, 0
    _check_free()
    try:
        with ended_by_signals(), Workspace() as workspace:
            base = os.environ.get("CONCURBENCH_BASE_PYTHON") or sys.executable
            if shutil.which(base) is None:
                raise ConcurbenchError(f"CONCURBENCH_BASE_PYTHON: there is no interpreter {base}")
            sessions = PytestSuite(workspace, here, arguments, base, timeout)
            lanes, failed = _lanes(interpreters, here, watch.step)
            lanes, rows, broken = _collected(lanes, sessions, watch.step)
            failed += broken
            watch.end()
            if not rows:
                raise ConcurbenchError(
                    "no benchmarks to measure in any lane" + (f": {failed[0]}" if failed else "")
                )
            for trouble in failed:
                click.echo(trouble, err=True)
            about = {
                "machine": machine.facts(),
                "arguments": arguments,
                "passes": passes,
                "failed": failed,
            }
            path = json_file.resolve() if json_file else default_path("matrices", here.name)
            record = Record(path, about, lanes, rows)
            matrix.measure(
                lanes, rows, passes, lambda lane, part: sessions.measure(lane.python, part),
                keep=record.add, tell=watch.step,
            )  # fmt: skip
    except Interrupted as signal:
        ended = 128 + signal.number
    except OSError as error:
        raise ConcurbenchError(str(error)) from None
    watch.end()
    if ended:
        click.echo("interrupted" + (": what was complete is shown" if record else ""), err=True)
    if record is None:
        return ended
    try:
        code = _shown(record.content, record)
        return ended or code
    finally:
        published(lambda: click.echo(f"raw runs: {record.path}"))


def _check_free() -> None:
    # Each session takes the lock for itself; somebody who has it now would fail every one of them.
    from concurbench.measure.lock import SessionLock, Taken

    lock = SessionLock()
    try:
        lock.acquire("about to measure a matrix")
    except Taken as error:
        raise ConcurbenchError(str(error)) from None
    lock.release()


def _lanes(
    interpreters: Sequence[Interpreter], here: Path, tell: Any
) -> tuple[list[Lane], list[str]]:  # fmt: skip
    """The lanes that could be made, and why the others could not."""
    from concurbench.matrix.matrix import Lane
    from concurbench.runner import environments
    from concurbench.runner.installing import EnvironmentFailed

    lanes: list[Lane] = []
    failed: list[str] = []
    for each in interpreters:
        name, again = each.name, 2
        while name in {lane.name for lane in lanes}:
            name, again = f"{each.name}-{again}", again + 1
        try:
            if each.virtual:
                lanes.append(Lane(name, each.told, each.path))
                continue
            into = environments.place(here, name)
            made = environments.ensure(each, into, here, environments.wanted(here), tell)
            lanes.append(Lane(name, each.told, made.python, made.told))
            if made.told:
                click.echo(f"{name}: {made.told}", err=True)
        except (EnvironmentFailed, OSError) as error:
            failed.append(f"{name} is left out, its environment could not be made: {error}")
    return lanes, failed


def _collected(
    lanes: Sequence[Lane], sessions: PytestSuite, tell: Any
) -> tuple[list[Lane], list[CollectedRow], list[str]]:
    """The lanes whose pytest works, all rows that any of them has, and why the others do not."""
    good: list[Lane] = []
    alike: dict[str, list[str]] = {}
    rows: dict[str, CollectedRow] = {}
    for lane in lanes:
        tell(f"collecting in {lane.name}")
        ended = sessions.collect(lane.python)
        if ended.trouble:
            alike.setdefault(ended.trouble, []).append(lane.name)
        else:
            good.append(lane)
            rows.update({row.id: row for row in ended.rows})
    failed = [
        f"left out, for pytest does not collect there: {', '.join(names)}: {trouble}"
        for trouble, names in alike.items()
    ]
    return good, list(rows.values()), failed


def _shown(content: Any, record: Any = None) -> int:
    """Show a matrix, and keep what was found with it; the exit code."""
    from concurbench.matrix import findings, table
    from concurbench.matrix.record import unpacked

    found = findings.find(*unpacked(content))
    if not found.passes:
        published(lambda: click.echo("nothing was complete: there is nothing to show", err=True))
        return 1
    shown = table.table(found, content["failed"])
    if record is not None:
        published(partial(record.about, table=found.as_json()))
    published(lambda: show(shown))
    return 1 if found.failed or content["failed"] else 0
