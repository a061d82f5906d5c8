"""The command ``run``."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from concurbench.command import (
    EXISTING,
    FILE,
    PytestCommand,
    pytest_arguments,
    suite_options,
    timeout_option,
)
from concurbench.report.summary import print_run
from concurbench.report.text import say
from concurbench.results import index
from concurbench.results.baseline import compare
from concurbench.results.storage import from_here
from concurbench.runner import run as runner
from concurbench.runner.measured import Environment
from concurbench.runner.run import Result

PASSES = 5
"""The fewest whose interval claims ``concurbench.results.statistics.LEVEL``."""

TIMEOUT = 900.0


def saving_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that say where runs are saved."""
    for option in (
        click.option(
            "--benchmark-storage", "storage", metavar="FOLDER", callback=_folder,
            help="Where runs are kept. [default: results, beside pytest's configuration]",
        ),
        click.option(
            "--benchmark-save", "name", metavar="NAME",
            help="Save under this name, partial runs too.",
        ),
    ):  # fmt: skip
        command = option(command)
    return command


def _folder(_ctx: click.Context, _param: click.Parameter, value: str | None) -> Path | None:
    return Path(value.removeprefix("file://")) if value else None


@click.command("run", cls=PytestCommand, short_help="Measure the benchmarks and save the run.")
@click.option(
    "--passes",
    default=PASSES,
    show_default=True,
    type=click.IntRange(min=1),
    help="Number of passes; each pass is one observation of each row.",
)
@click.option(
    "--benchmark-compare",
    "compare",
    is_flag=False,
    flag_value="",
    metavar="[RUN]",
    help="Also show the ratio to an earlier run: a number, a name or a file. "
    "[without a value: the last complete run]",
)
@click.option(
    "--benchmark-compare-fail",
    "compare_fail",
    multiple=True,
    metavar="EXPR",
    help="Fail if a row is slower than in that run by more than this, as in median:10%.",
)
@click.option(
    "--benchmark-json", "json_file", metavar="FILE", type=FILE, help="Also write the run to this file."
)
@click.option(
    "--from",
    "source",
    metavar="FILE",
    type=EXISTING,
    help="Measure nothing: save what a killed command had measured, as it left it in the folder "
    "concurbench/running of the user's state.",
)
@saving_options
@timeout_option(TIMEOUT)
@suite_options
@click.pass_context
def run(ctx: click.Context, /, source: Path | None, **options: Any) -> None:
    """Measure the benchmarks in the current folder in several passes, and save them as one run.

    Each pass is a fresh pytest process and visits the rows in another order. The median of a row in a
    pass is one observation, so the intervals also cover the differences between processes. Rows with
    rounds of a second or more are visited in every second pass.

    The options from --models on are those of this project's own suite; they are passed on to pytest.
    So is everything behind --.

    \b
    Exit codes: 0  every row was measured, or skipped with its reason
                1  a row failed, or --benchmark-compare-fail found it slower
                2  no answer: nothing could be measured

    \b
    Examples: concurbench run
              concurbench run --models=all --cases=smallest
              concurbench run --benchmark-compare
              concurbench run --passes 7 -- benchmarks/test_primes.py -k large
    """
    if source is not None:
        storage = options["storage"] or index.results_folder()
        ctx.exit(runner.recover(source, storage, options["name"], show))
    request = runner.Request(pytest_arguments(ctx), **options)
    this = Environment("", Path(sys.executable))
    ctx.exit(runner.run(request, [this], show))


def show(result: Result) -> None:
    """Print the tables of the run, what failed, and where it was saved."""
    for kept in result.kept:
        comparison = compare(kept.run, result.earlier) if result.earlier else None
        print_run(kept.run, comparison, [*result.notes, *kept.remarks])
    for measured in result.measured:
        for row, why in measured.failed.items():
            say(f"FAILED {row}: {why}", "red", whole=True)
        for error in measured.errors:
            say(f"error: {error}", "red", whole=True)
    for kept in result.kept:
        for regression in kept.regressions:
            say(f"slower than --benchmark-compare-fail allows: {regression}", "red", whole=True)
        if kept.trouble:
            say(f"error: {kept.trouble}", "red", whole=True)
        if kept.saved:
            say(f"saved {from_here(kept.saved)}", "bold", whole=True)
