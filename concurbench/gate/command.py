"""The commands ``gate`` and ``calibrate``."""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import click

from concurbench import machine
from concurbench.command import (
    FILE,
    PytestCommand,
    Seconds,
    check_writable,
    ended_by_signals,
    published,
    pytest_arguments,
    share,
    system_error,
    timeout_option,
    with_options,
    write,
)
from concurbench.errors import ConcurbenchError, Interrupted
from concurbench.gate import gate as gates
from concurbench.gate import noise, report
from concurbench.gate.comparison import Comparison
from concurbench.gate.gate import THRESHOLD
from concurbench.gate.prepare import Question
from concurbench.gate.samples import KIND
from concurbench.report.progress import StatusLine
from concurbench.report.text import show
from concurbench.results.records import Record
from concurbench.results.storage import default_path

MAX_TIME = 900.0
TIMEOUT = 120.0


def injection(text: str) -> tuple[str, float]:
    """The type of an option: ``ROW=10%``."""
    row, _, slower_by = text.rpartition("=")
    if not row:
        raise click.BadParameter(f"expected ROW=SHARE, as in 'test_primes*=10%', got {text!r}")
    return row, share(slower_by)


comparison_options = with_options(
    click.option(
        "--json", "json_file", metavar="FILE", type=FILE,
        help="Write the raw pairs here, as JSON Lines. [default: a new file, named at the end]",
    ),
    timeout_option(TIMEOUT),
    click.option(
        "--setup", metavar="COMMAND",
        help="Run this first in each revision's copy, in an environment of its own.",
    ),
    click.option(
        "--python", default=sys.executable, metavar="PATH",
        help="Interpreter whose environment both revisions use. [default: this one]",
    ),
)  # fmt: skip
"""Adds the options of both commands; ``compared`` takes them."""


@click.command("gate", cls=PytestCommand)
@click.argument("base")
@click.argument("head", required=False)
@click.option(
    "--threshold", type=share, metavar="SHARE",
    help=f"Smallest slow-down that matters, unless a row has its own. [default: {THRESHOLD:.0%}]",
)  # fmt: skip
@click.option(
    "--max-time", default=MAX_TIME, show_default=True, metavar="SECONDS", type=Seconds(min=1),
    help="Time limit; rows that are undecided by then are judged by the blocks measured so far.",
)  # fmt: skip
@click.option(
    "--inject", "injections", multiple=True, type=injection, metavar="ROW=SHARE",
    help="Slow these rows of HEAD down, to test whether the gate finds it. ROW may have shell "
    "wildcards. Rows of microseconds are slowed down a little more.",
)  # fmt: skip
@click.option("--markdown", metavar="FILE", type=FILE, help="Write the table for a pull request.")
@click.option("--junit", metavar="FILE", type=FILE, help="Write the rows as JUnit test cases.")
@comparison_options
@click.pass_context
def gate(
    ctx: click.Context, /, base: str, head: str | None, threshold: float | None, max_time: float,
    injections: tuple[tuple[str, float], ...], markdown: Path | None, junit: Path | None,
    json_file: Path | None, **options: Any,
) -> None:  # fmt: skip
    """Did the benchmarks get slower from BASE to HEAD?

    BASE and HEAD are git revisions or directories. HEAD defaults to the working tree, with uncommitted
    changes. Any pytest-benchmark suite works. Two copies are measured in turn, a fraction of a second
    apart. A row that looks slower must be slower again in fresh processes.

    \b
    Exit codes: 0  no regression
                1  a confirmed regression
                2  no answer: a row is missing, failed or could not be measured

    \b
    Examples: concurbench gate main
              concurbench gate v1.2 v1.3 -- tests/benchmarks -k parse
              concurbench gate main --setup "pip install ."
    """
    check_requirements()
    for file in (json_file, markdown, junit):
        check_writable(file)
    slower = dict(injections)
    with compared(ctx, base, head, json_file, slower, **options) as (comparison, record, status):
        noises = noise.read(noise.file(Path.cwd(), comparison.python))
        result = gates.run(
            comparison,
            gates.thresholds(comparison, threshold, noises),
            noises,
            max_time,
            on_block=status.block,
            on_row=status.row,
            keep=lambda block: record.append(block.as_json()),
        )
        record.append(result.as_json())
    published(lambda: show(report.terminal(result)))
    published(lambda: click.echo(f"raw pairs: {record.path}"))
    summary = os.environ.get("GITHUB_STEP_SUMMARY")
    for path, mode, text in (
        (markdown, "w", report.markdown(result)),
        (summary, "a", report.markdown(result)),
        (junit, "w", report.junit(result)),
    ):
        if path:
            published(partial(write, Path(path), mode, text))
    ctx.exit(result.exit_code)


@click.command("calibrate", cls=PytestCommand)
@click.argument("base", required=False)
@click.option(
    "--blocks", default=12, show_default=True, type=click.IntRange(min=3),
    help="Number of blocks to measure.",
)  # fmt: skip
@click.option(
    "--detect", default="10%", show_default=True, type=share, metavar="SHARE",
    help="Smallest slow-down to detect.",
)  # fmt: skip
@click.option(
    "--threshold", default=f"{THRESHOLD:.0%}", show_default=True, type=share, metavar="SHARE",
    help="Threshold of the gate.",
)  # fmt: skip
@comparison_options
@click.pass_context
def calibrate(
    ctx: click.Context, /, base: str | None, blocks: int, detect: float, threshold: float,
    json_file: Path | None, **options: Any,
) -> None:  # fmt: skip
    """How noisy is each row on this machine?

    Compares BASE (the working tree by default) with itself, and keeps each row's noise floor beside
    the results. From then on `concurbench gate` raises a row's threshold to its noise floor.

    \b
    Examples: concurbench calibrate
              concurbench calibrate main --detect 5% -- -k parse
    """
    check_requirements()
    check_writable(json_file)
    with compared(ctx, base, base, json_file, {}, **options) as (comparison, record, status):
        path = noise.file(Path.cwd(), comparison.python)
        noise.read(path)  # fail now rather than after minutes of measuring
        log_ratios: dict[str, list[float]] = {}
        for number in range(1, blocks + 1):
            if not comparison.rows:
                break
            status.block("first", number, blocks, comparison.rows, 0)
            block = comparison.block("calibration", comparison.rows, status.row)
            record.append(block.as_json())
            for row, ratio in block.log_ratios.items():
                log_ratios.setdefault(row, []).append(ratio)
        found = noise.measured(log_ratios)
        if found:
            noise.write(path, found)
    show(report.noise(found, detect, threshold))
    for row, each in comparison.unmeasured.items():
        click.echo(f"not measured: {row}: {each.why}")
    if not found:
        raise ConcurbenchError("no row could be measured")
    click.echo(f"noise: {path}\nraw pairs: {record.path}")


def check_requirements() -> None:
    """Check what only these commands need of the system.

    Raises:
        ConcurbenchError: the system is not POSIX.
    """
    if os.name != "posix":
        raise ConcurbenchError("this command needs a POSIX system: on Windows, run it in WSL")


@contextlib.contextmanager
def compared(
    ctx: click.Context, base: str | None, head: str | None, json_file: Path | None,
    slower: dict[str, float], *, python: str, setup: str | None, timeout: float,
) -> Iterator[tuple[Comparison, Record, StatusLine]]:  # fmt: skip
    """A comparison that is ready to measure, the record of its pairs, and the status line.

    ``slower`` is row or pattern -> the share by which head is slowed down. However the block ends, the
    record keeps the blocks measured so far, and its path is printed. A signal ends the command.
    """
    # Each copy is measured in its own folder, so a relative path would not be found there.
    interpreter = str(Path(found).absolute()) if (found := shutil.which(python)) else python
    question = Question(
        base=base, head=head, where=Path.cwd(), arguments=pytest_arguments(ctx), setup=setup,
        timeout=timeout, python=interpreter, slower=slower,
    )  # fmt: skip
    record = None
    try:
        with contextlib.ExitStack() as stack:
            status = StatusLine()
            stack.callback(status.end)
            stack.enter_context(ended_by_signals())
            comparison = stack.enter_context(Comparison(question, status.step))
            path = json_file.resolve() if json_file else default_path("gates", Path.cwd().name)
            header = {**comparison.labels, "python": comparison.python, "machine": machine.facts()}
            record = Record(path, KIND, header)
            yield comparison, record, status
    except (Exception, Interrupted) as error:
        if record is not None:
            click.echo(f"raw pairs so far: {record.path}", err=True)
        if isinstance(error, OSError):
            raise ConcurbenchError(system_error(error)) from None
        raise
