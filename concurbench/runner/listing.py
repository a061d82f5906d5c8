"""The command ``list``: what can be measured in the current folder, and what has been."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import click
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from concurbench import units
from concurbench.command import PytestCommand, pytest_arguments, suite_options, timeout_option
from concurbench.errors import ConcurbenchError
from concurbench.report.text import show
from concurbench.results import index
from concurbench.results.index import Saved
from concurbench.runner.child import CollectedRow, PytestSuite
from concurbench.runner.run import OPTIONS
from concurbench.runner.workspace import Workspace

TIMEOUT = 120.0


@click.command("list", cls=PytestCommand, short_help="List workloads, models, cases and saved runs.")
@timeout_option(TIMEOUT)
@suite_options
@click.pass_context
def list_rows(ctx: click.Context, timeout: float) -> None:
    """List the workloads that concurbench run would measure, with models and cases, and the saved runs.

    The options from --models on are those of this project's own suite; they are passed on to pytest.
    So is everything behind --.

    \b
    Exit codes: 0  listed
                2  no answer: pytest cannot collect the benchmarks

    \b
    Examples: concurbench list
              concurbench list --models=all
              concurbench list -- benchmarks/test_primes.py
    """
    rows = collected(pytest_arguments(ctx), timeout)
    show(Group(workloads(rows), saved_runs(index.saved(index.results_folder()))))


def collected(arguments: Sequence[str], timeout: float) -> list[CollectedRow]:
    """The rows that pytest collects in the current folder.

    Raises:
        ConcurbenchError: pytest fails, or there are no rows.
    """
    with Workspace() as workspace:
        # pytest-benchmark makes the folder of its storage, even if it saves nothing.
        options = [*OPTIONS, f"--benchmark-storage={workspace.folder / 'storage'}", *arguments]
        suite = PytestSuite(workspace, Path.cwd(), options, sys.executable, timeout)
        result = suite.collect(Path(sys.executable))
    if result.trouble or not result.rows:
        raise ConcurbenchError(result.trouble or f"no benchmarks in {Path.cwd()}")
    return result.rows


def workloads(rows: Sequence[CollectedRow]) -> RenderableType:
    """A paragraph for each test: how many rows, and which models, cases and servers."""
    tests: dict[str, list[CollectedRow]] = {}
    for row in rows:
        tests.setdefault(row.id.partition("[")[0], []).append(row)
    shown: list[RenderableType] = []
    for test, members in tests.items():
        name = test.rpartition("::")[2].removeprefix("test_")
        shown.append(Text.assemble((name, "bold"), f"  {units.counted(len(members), 'row')}"))
        table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
        table.add_column(style="dim", width=9)
        table.add_column(overflow="fold")
        parameters = [_parameters(row) for row in members]
        for title in ("model", "case", "server"):
            names = dict.fromkeys(each[title] for each in parameters if title in each)
            if names:
                in_order = sorted(names) if title == "model" else names
                table.add_row(f"  {title}s", ", ".join(in_order))
        shown += [table, Text()]
    return Group(*shown)


def saved_runs(runs: Sequence[Saved]) -> RenderableType:
    """A table of the saved runs."""
    if not runs:
        return Text("no saved runs: concurbench run makes one")
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("saved runs of", overflow="fold")
    for heading in ("run", "date", "rows"):
        table.add_column(heading, no_wrap=True, justify="right" if heading == "rows" else "left")
    for each in runs:
        name = each.name if each.complete else f"{each.name} (partial)"
        table.add_row(each.machine, name, each.date, str(each.rows))
    return table


def _parameters(row: CollectedRow) -> dict[str, str]:
    """The model, and the parameters that the group of a row spells as in ``case=small``."""
    return {"model": row.model, **dict(each.split("=", 1) for each in row.group.split() if "=" in each)}
