"""The command ``run``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
from pytest_benchmark.utils import parse_compare_fail, parse_save

from concurbench.command import (
    EXISTING,
    FILE,
    Decorator,
    PytestCommand,
    pytest_arguments,
    suite_options,
    timeout_option,
    with_options,
)
from concurbench.report.overview import questions
from concurbench.report.summary import TABLES, print_overview, print_remarks, print_run
from concurbench.report.text import say
from concurbench.results import index
from concurbench.results.baseline import compare
from concurbench.results.storage import from_here
from concurbench.runner import run as runner
from concurbench.runner.measured import Kept, Request
from concurbench.runner.run import Result
from concurbench.verdicts.choice import ANALYSES

TIMEOUT = 900.0


def parsed(parse: Callable[[str], Any]) -> Callable[[str], Any]:
    """A type of an option, from a function of pytest-benchmark that parses its value."""

    def convert(text: str) -> Any:
        try:
            return parse(text)
        except argparse.ArgumentTypeError as error:
            raise click.BadParameter(str(error)) from None

    return convert


def _folder(_ctx: click.Context, _param: click.Parameter, value: str | None) -> Path | None:
    return Path(value.removeprefix("file://")) if value else None


def run_options(passes: int | None, otherwise: str = "") -> Decorator:
    """The options of every command that makes runs; ``passes`` is the default number of passes, or
    ``otherwise`` says what is done without a number."""
    return with_options(
        click.option(
            "--passes", default=passes, show_default=otherwise or True, type=click.IntRange(min=1),
            help="Number of passes; each pass is one observation of each row.",
        ),
        click.option(
            "--benchmark-storage", "storage", metavar="FOLDER", callback=_folder,
            help="Where runs are kept. [default: results, beside pytest's configuration]",
        ),
        click.option(
            "--benchmark-save", "name", metavar="NAME", type=parsed(parse_save),
            help="Save under this name, partial runs too.",
        ),
        click.option(
            "--resume", metavar="FILE", type=EXISTING,
            help="Go on after an interruption, from the file that the same command named, or left in "
            "the folder concurbench/running of the user's state.",
        ),
        timeout_option(TIMEOUT),
        suite_options,
    )  # fmt: skip


@click.command("run", cls=PytestCommand, short_help="Measure the benchmarks and save the run.")
@click.option(
    "--benchmark-compare", "compare", is_flag=False, flag_value="", metavar="[RUN]",
    help="Also show the ratio to an earlier run: a number, a name or a file. "
    "[without a value: the last complete run]",
)  # fmt: skip
@click.option(
    "--benchmark-compare-fail", "compare_fail", multiple=True, metavar="EXPR",
    type=parsed(parse_compare_fail),
    help="Fail if a row is slower than in that run by more than this, as in median:10%.",
)  # fmt: skip
@click.option(
    "--benchmark-json", "json_file", metavar="FILE", type=FILE, help="Also write the run to this file."
)
@click.option(
    "--from", "source", metavar="FILE", type=EXISTING,
    help="Measure nothing: save what a killed command had measured, as it left it in the folder "
    "concurbench/running of the user's state.",
)  # fmt: skip
@run_options(None, f"{ANALYSES[0]}, and up to {ANALYSES[-1]} where rows are close")
@click.pass_context
def run(ctx: click.Context, /, source: Path | None, **options: Any) -> None:
    """Measure the benchmarks in the current folder in several passes, and save them as one run.

    Each pass is a fresh pytest process, in which the rows of a group take turns. A ratio of two rows in
    a pass is one observation, so the intervals also cover the differences between processes. Groups in
    which the best model is clear are done after a few passes, and close ones get more.

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
    request = Request(pytest_arguments(ctx), **options)
    ctx.exit(runner.run(request, {"": Path(sys.executable)}, show))


def show(result: Result) -> None:
    """Print notes, what failed, where the run was saved, and at the end the overview.

    Before them are the tables beside an earlier run, those of a run that was not saved, because no
    later command could show them, and those of a run that answers no question.
    """
    with_tables = [
        bool(result.earlier or not kept.saved or not questions(kept.run)) for kept in result.kept
    ]
    for kept, tables in zip(result.kept, with_tables, strict=True):
        notes = [*result.notes, *kept.remarks]
        comparison = compare(kept.run, result.earlier) if result.earlier else None
        if tables:
            print_run(kept.run, comparison, notes)
        else:
            print_remarks(kept.run, notes)
    for measured in result.measured:
        for row, why in measured.failed.items():
            say(f"FAILED {row}: {why}", "red", whole=True)
        for error in measured.errors:
            say(f"error: {error}", "red", whole=True)
    for kept, tables in zip(result.kept, with_tables, strict=True):
        for regression in kept.regressions:
            say(f"slower than --benchmark-compare-fail allows: {regression}", "red", whole=True)
        show_saved(kept)
        say("")
        print_overview(kept.run, hint="" if tables else TABLES)


def show_saved(kept: Kept) -> None:
    """Print where the run was saved, or why it was not."""
    if kept.trouble:
        say(f"error: {kept.trouble}", "red", whole=True)
    if kept.saved:
        say(f"saved {from_here(kept.saved)}", "bold", whole=True)
