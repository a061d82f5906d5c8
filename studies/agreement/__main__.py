"""``python -m studies.agreement``: does an independent timer find the same times?"""

from __future__ import annotations

import importlib.util
import os
import sys
import time
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import click

from concurbench import machine, marked, units
from concurbench.command import EXISTING, FILE, Command, check_writable, ended_by_signals, published
from concurbench.errors import ConcurbenchError, Interrupted
from concurbench.report.progress import StatusLine
from concurbench.report.text import COLUMNS, as_text, show
from concurbench.results.storage import default_path
from concurbench.runner.workspace import Workspace
from studies.agreement import pairs, record
from studies.agreement.rows import ROWS, Row
from studies.agreement.table import judgements, table
from studies.agreement.timers import CHECKOUT, CannotMeasure, Timers
from studies.agreement.verdict import Verdict

NAME = "agreement"
"""Of the marks in a Markdown file."""

PACKAGES = ("pyperf", "pytest-benchmark")


@click.command("agreement", cls=Command)
@click.option(
    "--pairs",
    "number",
    default=20,
    show_default=True,
    type=click.IntRange(min=1),
    help="How often each timer sees each row.",
)
@click.option("-k", "part", default="", metavar="TEXT", help="Only rows with this in their names.")
@click.option(
    "--json",
    "json_file",
    metavar="FILE",
    type=FILE,
    help="Keep all observations here. [default: a file named at the end]",
)
@click.option(
    "--from",
    "sources",
    metavar="FILE",
    type=EXISTING,
    multiple=True,
    help="Measure nothing: show what was measured before, in one file or several.",
)
@click.option(
    "--more",
    "earlier",
    metavar="FILE",
    type=EXISTING,
    help="Take more pairs of the rows of an earlier file, or of those that -k chooses, on the same "
    "machine, and judge all of them.",
)
@click.option(
    "--into",
    metavar="FILE",
    type=EXISTING,
    help=f"Put the table into this Markdown file, between <!-- {NAME} --> and <!-- /{NAME} -->.",
)
@click.pass_context
def main(
    ctx: click.Context, /, number: int, part: str, json_file: Path | None, sources: tuple[Path, ...],
    earlier: Path | None, into: Path | None,
) -> None:  # fmt: skip
    """Does pyperf find the times that this suite finds?

    Rows of different kinds are measured by both, in fresh processes that take turns.

    \b
    Exit codes: 0  the timers agree on every row, as closely as is said
                1  they differ on a row, or it is not shown that they agree
                2  no answer: something could not be measured
    """
    try:
        if into is not None:
            marked.check(into, NAME)
        if sources:
            contents: list[Mapping[str, Any]] = [record.read(source) for source in sources]
        else:
            before = known(earlier) if earlier else None
            rows = of_file(before) if before and not part else chosen(part)
            contents = [measured(rows, number, json_file or earlier, before)]
    except (marked.NoMarks, record.RecordError) as error:
        raise ConcurbenchError(str(error)) from None
    for each in map(table, contents):
        published(partial(show, each))
    if into is not None:
        text = "\n".join(map(fenced, contents))
        published(lambda: marked.insert(text, into, NAME))
    judged = [each for content in contents for each in judgements(content).values()]
    ctx.exit(0 if all(each.verdict is Verdict.AGREES for each in judged) else 1)


def chosen(part: str) -> list[Row]:
    """The rows with this in their names."""
    rows = [row for row in ROWS if part in row.name]
    if not rows:
        raise ConcurbenchError(
            f"no row has {part!r} in its name; there are: {', '.join(x.name for x in ROWS)}"
        )
    return rows


def known(file: Path) -> Mapping[str, Any]:
    """What an earlier agreement on this machine has measured."""
    content = record.read(file)
    if changed := machine.differences(content["machine"], machine.facts(PACKAGES)):
        raise ConcurbenchError(
            f"{file} was measured across a change of {', '.join(changed)}: begin anew"
        )
    return content


def of_file(content: Mapping[str, Any]) -> list[Row]:
    """The rows that it holds, in their order here."""
    return [row for row in ROWS if row.name in content["rows"]]


def measured(
    rows: Sequence[Row], number: int, json_file: Path | None, earlier: Mapping[str, Any] | None = None
) -> Mapping[str, Any]:
    """Take the pairs, and tell where they are kept, however it ends."""
    if importlib.util.find_spec("pyperf") is None:
        raise ConcurbenchError("this needs pyperf: pip install 'concurbench[agreement]'")
    if os.name != "posix":
        raise ConcurbenchError(
            "ending what was started needs a POSIX system: on Windows, run it in WSL"
        )
    check_writable(json_file)
    path = json_file.resolve() if json_file else default_path("agreements", CHECKOUT.name)
    watch = StatusLine()
    try:
        names = [row.name for row in rows]
        kept = record.Record(path, machine.facts(PACKAGES), names, earlier)
        with ended_by_signals(), Workspace() as workspace:
            take(rows, number, Timers(workspace), kept, watch)
    except CannotMeasure as error:
        raise ConcurbenchError(f"{error}\npairs so far: {path}") from None
    except OSError as error:
        raise ConcurbenchError(str(error)) from None
    except Interrupted as ended:
        click.echo(f"interrupted, the pairs so far are in {path}", err=True)
        sys.exit(128 + ended.number)
    finally:
        watch.end()
    published(lambda: click.echo(f"pairs: {path}", err=True))
    return kept.content


def take(
    rows: Sequence[Row], number: int, timers: Timers, kept: record.Record, watch: StatusLine
) -> None:  # fmt: skip
    """Take the pairs and keep each, telling how long the rest will take."""
    of = f"of {number} of {units.counted(len(rows), 'row')}"
    start = time.monotonic()
    watch.step(f"pair 1 {of}")
    for done, pair in enumerate(pairs.take(rows, number, timers.concurbench, timers.pyperf), 1):
        kept.add(pair)
        turn, rest = divmod(done, len(rows))
        if rest == 0 and turn < number:
            left = (time.monotonic() - start) / turn * (number - turn)
            watch.step(f"pair {turn + 1} {of}, about {units.duration(left)} left")


def fenced(content: Mapping[str, Any]) -> str:
    """The table for a Markdown file."""
    text = as_text(table(content), COLUMNS).strip("\n")
    return f"```text\n{text}\n```\n"


if __name__ == "__main__":
    main()
