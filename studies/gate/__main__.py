"""``python -m studies.gate``: how often is the gate wrong, and which slow-downs does it find?"""

from __future__ import annotations

from functools import partial
from pathlib import Path

import click

from concurbench import machine
from concurbench.command import PytestCommand, pytest_arguments
from concurbench.gate.command import check_requirements
from concurbench.gate.gate import THRESHOLD
from concurbench.gate.prepare import Question
from studies import files
from studies.gate.measure import Measurement
from studies.gate.report import report
from studies.gate.study import INJECTED, KIND, read


@click.command("studies.gate", cls=PytestCommand)
@files.number(
    "--blocks", 60, 6, "Number of blocks of identical code, and of blocks with an injected slow-down."
)
@click.option(
    "--max-time",
    default=3600.0,
    show_default=True,
    metavar="SECONDS",
    type=click.FloatRange(min=60),
    help="Time limit of the measurements.",
)
@files.options
@click.pass_context
def main(
    ctx: click.Context, /, blocks: int, max_time: float, source: Path | None, more: Path | None,
    json_file: Path | None,
) -> None:  # fmt: skip
    """Measure the error rates of the gate on this machine.

    Measures this suite against itself and against a copy with an injected slow-down, draws many gates
    from those blocks with the gate's own decision code, and runs some real gates.
    """
    check_requirements()
    if source is None:
        header = {"machine": machine.facts(), "threshold": THRESHOLD, "injected": INJECTED}
        question = Question(None, None, Path.cwd(), arguments=pytest_arguments(ctx))
        with files.recording(KIND, header, json_file, more) as (record, entries):
            step = partial(click.echo, err=True)
            Measurement(record, header, entries, blocks, max_time, step).measure(question)
        source = record.path
    click.echo(report(read(source)), nl=False)


if __name__ == "__main__":
    main()
