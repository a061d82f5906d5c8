"""The command ``concurbench``."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import click

from concurbench import machine
from concurbench.command import published
from concurbench.errors import ConcurbenchError
from concurbench.gate import command as gate
from concurbench.machine.command import identity
from concurbench.matrix import command as lanes
from concurbench.report.summary import print_run
from concurbench.results import baseline, runs
from concurbench.results.baseline import compare as compare_runs
from concurbench.results.baseline import differences
from concurbench.results.runs import Run
from concurbench.runner import command as passes


@click.group()
@click.version_option(package_name="concurbench")
def main() -> None:
    """Measure, keep and show benchmarks one can trust."""


for command in (
    passes.run, gate.gate, gate.calibrate, lanes.matrix, lanes.interpreters, lanes.environment,
    identity,
):  # fmt: skip
    main.add_command(command)


@main.command("summary")
@click.argument("run", type=click.Path(path_type=Path), required=False)
@click.option(
    "--compare",
    type=click.Path(path_type=Path),
    metavar="RUN",
    help="Also show the ratio to another run, of this machine or another one.",
)
@click.option(
    "--group", "groups", multiple=True, metavar="TEXT", help="Only groups with this in their name."
)
def show_summary(run: Path | None, compare: Path | None, groups: tuple[str, ...]) -> None:
    """Print the closing summary of a saved run once more.

    RUN is a saved file, a machine's folder for its last complete run, or a number in such a folder; a
    number alone is one of this machine. Without it, it is this machine's last complete run.

    \b
    Examples: concurbench summary
              concurbench summary 0003 --compare 0001
              concurbench summary results/MACHINE/0001 --group flags
              concurbench summary results/WSL/0003 --compare results/NATIVE/0002
    """
    chosen = _choose(run or _results() / machine.folder())
    comparison = compare_runs(chosen, _choose(compare)) if compare else None
    rows = [row for row in chosen.rows if not groups or any(text in row.group for text in groups)]
    if not rows:
        raise click.UsageError(f"no group of {chosen.path} has any of {', '.join(groups)} in its name")
    chosen = replace(chosen, rows=tuple(rows))
    changed = differences(chosen, comparison.baseline if comparison else None)
    published(lambda: print_run(chosen, comparison, changed, whole=not groups))


def _results() -> Path:
    """Where the runs of the suite here are: in results, here or in a folder above."""
    here = Path.cwd()
    above = (folder / "results" for folder in (here, *here.parents))
    return next((folder for folder in above if folder.is_dir()), here / "results")


def _choose(path: Path) -> Run:
    if path.name == str(path) and not path.exists():  # a number or a name alone
        path = _results() / machine.folder() / path
    if not path.is_dir():
        try:
            return runs.read(path) if path.is_file() else baseline.named(path.name, path.parent)
        except ConcurbenchError as error:
            raise click.UsageError(str(error)) from None
    run, warnings = runs.last_complete(path)
    for warning in warnings:
        click.echo(f"note: {warning}", err=True)
    if run is None:
        raise click.UsageError(f"{path} has no complete run")
    return run
