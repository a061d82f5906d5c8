"""The command ``summary``: a saved run, alone or compared with a baseline."""

from __future__ import annotations

from dataclasses import replace

import click

from concurbench.command import Command, published
from concurbench.errors import ConcurbenchError
from concurbench.report.summary import print_run
from concurbench.report.text import say
from concurbench.results import index
from concurbench.results.baseline import compare, differences


@click.command("summary", cls=Command, short_help="Show a saved run, or compare two.")
@click.argument("runs", nargs=-1, metavar="[RUN | BASE HEAD]")
@click.option(
    "--group", "groups", multiple=True, metavar="TEXT", help="Only groups with this in their name."
)
def show_summary(runs: tuple[str, ...], groups: tuple[str, ...]) -> None:
    """Show the summary of a saved run; with two runs, the ratios of HEAD to BASE.

    A run is a file, a machine folder (its last complete run), a number or a name: alone for a run of
    this machine, or after a folder as in FOLDER/0003. Without arguments it is the last complete run of
    this machine; where there is none, the newest run of another machine.

    \b
    Exit codes: 0  shown
                2  no answer: no such run

    \b
    Examples: concurbench summary
              concurbench summary 0003
              concurbench summary 0001 0003
              concurbench summary results/NATIVE/0002 results/WSL/0003
              concurbench summary results/MACHINE/0001 --group flags
    """
    if len(runs) > 2:
        raise click.UsageError(f"expected a run, or BASE and HEAD; got {len(runs)} arguments")
    note = ""
    if runs:
        run = index.find(runs[-1])
    else:
        run, note = index.newest()
    comparison = compare(run, index.find(runs[0])) if len(runs) == 2 else None
    rows = [row for row in run.rows if not groups or any(text in row.group for text in groups)]
    if not rows:
        names = ", ".join(dict.fromkeys(row.group for row in run.rows))
        raise ConcurbenchError(f"no group with {' or '.join(groups)} in {run.path}: it has {names}")
    run = replace(run, rows=tuple(rows))
    if note:
        say(f"note: {note}\n", "yellow", whole=True)
    notes = differences(run, comparison.baseline if comparison else None)
    published(lambda: print_run(run, comparison, notes, whole=not groups))
