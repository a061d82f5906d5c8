"""The command ``summary``: a saved run, alone or compared with a baseline."""

from __future__ import annotations

from dataclasses import replace

import click
from click.core import ParameterSource

from concurbench import units
from concurbench.command import Command, published, share
from concurbench.errors import ConcurbenchError
from concurbench.report.footnotes import notes_of
from concurbench.report.overview import questions
from concurbench.report.summary import print_overview, print_run
from concurbench.report.text import say
from concurbench.results import index
from concurbench.results.baseline import compare, differences
from concurbench.results.runs import Run
from concurbench.verdicts.pairs import MARGIN
from concurbench.verdicts.ranks import criteria


@click.command("summary", cls=Command, short_help="Show a saved run, or compare two.")
@click.argument("runs", nargs=-1, metavar="[RUN | BASE HEAD]")
@click.option("--all", "every", is_flag=True, help="Also the tables, with every group.")
@click.option(
    "--by", metavar="CRITERION",
    help="What decides, in place of each workload's own criterion: time, cpu, memory or a metric.",
)  # fmt: skip
@click.option(
    "--margin", default=f"{MARGIN:.0%}", show_default=True, type=share, metavar="SHARE",
    help="The difference that does not matter: models within it of the best are as good.",
)  # fmt: skip
@click.option(
    "--group", "groups", multiple=True, metavar="TEXT",
    help="Only groups with this in their name, with their tables.",
)  # fmt: skip
@click.pass_context
def show_summary(
    ctx: click.Context, /, runs: tuple[str, ...], every: bool, by: str | None, margin: float,
    groups: tuple[str, ...],
) -> None:  # fmt: skip
    """Show which model to take, by a saved run; with two runs, the ratios of HEAD to BASE.

    A run is a file, a machine folder (its last complete run), a number or a name: alone for a run of
    this machine, or after a folder as in FOLDER/0003. Without arguments it is the last complete run of
    this machine; where there is none, the newest run of another machine.

    The overview says of each question which model to take, which others are as good, and which are
    slower. Each workload declares its criterion; --by decides by another one.

    \b
    Exit codes: 0  shown
                2  no answer: no such run

    \b
    Examples: concurbench summary
              concurbench summary 0003 --all
              concurbench summary --by cpu --margin 10%
              concurbench summary 0001 0003
              concurbench summary results/NATIVE/0002 results/WSL/0003
              concurbench summary results/MACHINE/0001 --group flags
    """
    if len(runs) > 2:
        raise click.UsageError(f"expected a run, or BASE and HEAD; got {len(runs)} arguments")
    for option in ("by", "margin"):
        given = ctx.get_parameter_source(option) is not ParameterSource.DEFAULT
        if len(runs) == 2 and given:
            raise click.UsageError(f"--{option} is for a single run")
    note = ""
    if runs:
        run = index.find(runs[-1])
    else:
        run, note = index.newest()
    comparison = compare(run, index.find(runs[0])) if len(runs) == 2 else None
    if by and by not in (known := criteria(run.rows)):
        raise ConcurbenchError(f"no row of {run.path} has {by!r}: choose from {', '.join(known)}")
    run = _only(run, groups)
    if note:
        say(f"note: {note}\n", "yellow", whole=True)
    notes = differences(run, comparison.baseline if comparison else None)

    def publish() -> None:
        tables = bool(every or groups or comparison or not questions(run))
        if tables:
            print_run(run, comparison, notes, whole=not groups, by=by, margin=margin)
        if comparison is None:
            if tables:
                say("")
            hint = "" if tables else _hint(run)
            print_overview(run, by=by, margin=margin, every=every or bool(groups), hint=hint)

    published(publish)


def _only(run: Run, groups: tuple[str, ...]) -> Run:
    """The run with only those groups whose names contain one of the texts; all without any text.

    Raises:
        ConcurbenchError: there is none.
    """
    if not run.rows:
        raise ConcurbenchError(f"{run.path} has no rows")
    rows = [row for row in run.rows if not groups or any(text in row.group for text in groups)]
    if not rows:
        names = ", ".join(dict.fromkeys(row.group for row in run.rows))
        raise ConcurbenchError(f"no group with {' or '.join(groups)} in {run.path}: it has {names}")
    return replace(run, rows=tuple(rows))


def _hint(run: Run) -> str:
    """Where the rest of a run is shown."""
    count = len(notes_of(run))
    also = f" and {units.counted(count, 'note')}" if count else ""
    return f"tables{also}: add --all"
