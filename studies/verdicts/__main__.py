"""``python -m studies.verdicts``: how often are the verdicts right?"""

from __future__ import annotations

from pathlib import Path

import click

from concurbench import machine
from concurbench.command import PytestCommand, pytest_arguments
from concurbench.verdicts.choice import ANALYSES
from studies import files
from studies.verdicts.measure import ARGUMENTS, measured
from studies.verdicts.report import report
from studies.verdicts.study import KIND, read


@click.command("studies.verdicts", cls=PytestCommand)
@files.number("--runs", 32, 0, "Number of runs to measure.")
@files.number(
    "--confirm", 8, 0, "How often to measure the rows of three groups alone, each in its own process."
)
@files.options
@click.pass_context
def main(
    ctx: click.Context, /, runs: int, confirm: int, source: Path | None, more: Path | None,
    json_file: Path | None,
) -> None:  # fmt: skip
    """Measure how often the verdicts of a run agree with many other runs.

    Measures many runs of a short matrix, one after another, each as concurbench run does. Arguments
    after -- go to pytest, in place of those that choose the matrix.
    """
    files.need_scipy()
    if source is None:
        arguments = pytest_arguments(ctx) or ARGUMENTS
        header = {"machine": machine.facts(), "arguments": [*arguments], "analyses": [*ANALYSES]}
        with files.recording(KIND, header, json_file, more) as (record, entries):
            measured(record, arguments, runs, confirm, done=len(entries))
        source = record.path
    click.echo(report(read(source)), nl=False)


if __name__ == "__main__":
    main()
