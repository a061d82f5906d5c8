"""``python -m studies.agreement``: does pyperf, an independent timer, find the same times?"""

from __future__ import annotations

import importlib.util
import os
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import click

from concurbench import machine, units
from concurbench.command import Command, published
from concurbench.errors import ConcurbenchError
from concurbench.report.progress import StatusLine
from concurbench.report.text import show
from concurbench.results import records
from concurbench.results.records import Record
from concurbench.runner.workspace import Workspace
from studies import files
from studies.agreement import pairs
from studies.agreement.pairs import KIND, ROWS, AgreementRow
from studies.agreement.timers import Timers
from studies.agreement.verdict import AgreementVerdict, judgements, table

PACKAGES = ("pyperf", "pytest-benchmark")


@click.command("studies.agreement", cls=Command)
@click.option(
    "--pairs",
    "number",
    default=20,
    show_default=True,
    type=click.IntRange(min=1),
    help="Number of pairs of each row.",
)
@click.option("-k", "part", default="", metavar="TEXT", help="Only rows with TEXT in their names.")
@files.options
@click.pass_context
def main(
    ctx: click.Context, /, number: int, part: str, source: Path | None, more: Path | None,
    json_file: Path | None,
) -> None:  # fmt: skip
    """Compare the times of this suite with pyperf's.

    Both timers measure rows of different kinds, in fresh processes that take turns. With --more, the
    rows are those of the earlier file, or those that -k chooses.

    \b
    Exit codes: 0  the timers agree on every row
                1  they differ on a row, or agreement on a row is not shown
                2  no answer: a row could not be measured
    """
    if source is None:
        source = measured(part, number, json_file, more)
    agreement = pairs.read(source)
    published(lambda: show(table(agreement)))
    agrees = all(each.verdict is AgreementVerdict.AGREES for each in judgements(agreement).values())
    ctx.exit(0 if agrees else 1)


def chosen(part: str) -> list[AgreementRow]:
    rows = [row for row in ROWS if part in row.name]
    if not rows:
        names = ", ".join(row.name for row in ROWS)
        raise ConcurbenchError(f"no row has {part!r} in its name: choose from {names}")
    return rows


def measured(part: str, number: int, json_file: Path | None, more: Path | None) -> Path:
    """Measure ``number`` pairs of each row, and return the file with the pairs."""
    if importlib.util.find_spec("pyperf") is None:
        raise ConcurbenchError("this needs pyperf: pip install 'concurbench[agreement]'")
    if os.name != "posix":
        raise ConcurbenchError("ending the processes needs a POSIX system: on Windows, use WSL")
    rows = chosen(part)
    names = [row.name for row in rows]
    if more is not None:
        earlier, entries = records.read(more, KIND)
        names = earlier.get("rows", [])
        if not part:
            known = {*names, *(entry.get("row") for entry in entries)}
            rows = [row for row in ROWS if row.name in known]
    header = {"machine": machine.facts(PACKAGES), "rows": names}
    status = StatusLine()
    with files.recording(KIND, header, json_file, more) as (record, _), Workspace() as workspace:
        try:
            take(rows, number, Timers(workspace), record, status)
        finally:
            status.end()
    return record.path


def take(
    rows: Sequence[AgreementRow], number: int, timers: Timers, record: Record, status: StatusLine
) -> None:
    """Measure the pairs and save each one; show how long the rest will take."""
    of = f"of {number} of {units.counted(len(rows), 'row')}"
    start = time.monotonic()
    status.step(f"pair 1 {of}")
    for done, pair in enumerate(pairs.take(rows, number, timers.concurbench, timers.pyperf), 1):
        record.append(asdict(pair))
        turn, rest = divmod(done, len(rows))
        if rest == 0 and turn < number:
            left = (time.monotonic() - start) / turn * (number - turn)
            status.step(f"pair {turn + 1} {of}, about {units.duration(left)} left")


if __name__ == "__main__":
    main()
