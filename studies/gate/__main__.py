"""``python -m studies.gate``: how often is the gate wrong, and which slow-downs does it find?"""

from __future__ import annotations

from functools import partial
from pathlib import Path

import click

from concurbench import machine
from concurbench.command import PytestCommand, ended_by_signals, published, pytest_arguments
from concurbench.gate.command import THRESHOLD, check_requirements
from concurbench.gate.prepare import Question
from studies import files
from studies.gate.measure import Measurement, StudyBudget
from studies.gate.report import report
from studies.gate.study import INJECTED, KIND, read


@click.command("studies.gate", cls=PytestCommand)
@click.option(
    "--blocks",
    default=60,
    show_default=True,
    type=click.IntRange(min=6),
    help="Number of blocks of identical code, and of blocks with an injected slow-down.",
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
        source = measured(StudyBudget(blocks, max_time), pytest_arguments(ctx), json_file, more)
    click.echo(report(read(source)), nl=False)


def measured(
    budget: StudyBudget, arguments: tuple[str, ...], json_file: Path | None, more: Path | None
) -> Path:
    """Measure, and return the file with the measurements.

    Its path is printed even if the study ends early.
    """
    header = {"machine": machine.facts(), "threshold": THRESHOLD, "injected": INJECTED}
    record, entries = files.start(KIND, header, json_file, more)
    question = Question(None, None, Path.cwd(), arguments=arguments)
    measurement = Measurement(record, header, entries, budget, partial(click.echo, err=True))
    try:
        with ended_by_signals():
            measurement.measure(question)
    finally:
        published(lambda: click.echo(f"measurements: {record.path}", err=True))
    return record.path


if __name__ == "__main__":
    main()
