"""The commands ``gate`` and ``calibrate``."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from concurbench.command import (
    FILE,
    PytestCommand,
    Seconds,
    check_writable,
    ended_by_signals,
    published,
    write,
)
from concurbench.errors import ConcurbenchError, Interrupted
from concurbench.report.text import show

if TYPE_CHECKING:  # scipy is optional and slow to import, so modules that need it are imported late
    from concurbench.gate.comparison import Comparison
    from concurbench.report.progress import StatusLine
    from concurbench.results.records import Record

MAX_TIME = 900.0
TIMEOUT = 120.0
THRESHOLD = 0.05


class Share(click.ParamType[float]):
    """A share: ``5%`` or ``0.05``."""

    name = "share"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        text = str(value).strip()
        try:
            share = float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
        except ValueError:
            share = -1.0
        if not 0 < share < 1:
            self.fail(f"expected a share between 0 and 1, as 5% or 0.05, got {value!r}", param, ctx)
        return share


class Injection(click.ParamType[tuple[str, float]]):
    """``ROW=10%``."""

    name = "injection"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, float]:
        if isinstance(value, tuple):
            return value
        row, _, share = value.rpartition("=")
        if not row:
            self.fail(f"expected ROW=SHARE, as in 'test_primes*=10%', got {value!r}", param, ctx)
        return row, Share().convert(share, param, ctx)


def comparison_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options of both commands; ``compared`` takes them."""
    for option in (
        click.option(
            "--python", default=sys.executable, metavar="PATH",
            help="Interpreter whose environment both revisions use. [default: this one]",
        ),
        click.option(
            "--setup", metavar="COMMAND",
            help="Run this first in each revision's copy, in an environment of its own.",
        ),
        click.option(
            "--timeout", default=TIMEOUT, show_default=True, metavar="SECONDS",
            type=Seconds(min=1), help="Fail if pytest does not respond for this long.",
        ),
        click.option(
            "--json", "json_file", metavar="FILE", type=FILE,
            help="Write the raw pairs here, as JSON Lines. [default: a new file, named at the end]",
        ),
    ):  # fmt: skip
        command = option(command)
    return command


@click.command("gate", cls=PytestCommand)
@click.argument("base")
@click.argument("head", required=False)
@click.option(
    "--threshold",
    type=Share(),
    metavar="SHARE",
    help=f"Smallest slow-down that matters, unless a row has its own. [default: {THRESHOLD:.0%}]",
)
@click.option(
    "--max-time",
    default=MAX_TIME,
    show_default=True,
    metavar="SECONDS",
    type=Seconds(min=1),
    help="Time limit; rows that are undecided by then are judged by the blocks measured so far.",
)
@click.option(
    "--inject",
    "injections",
    multiple=True,
    type=Injection(),
    metavar="ROW=SHARE",
    help="Slow these rows of HEAD down, to test whether the gate finds it. ROW may have shell "
    "wildcards. Rows of microseconds are slowed down a little more.",
)
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
    from concurbench.gate import gate as gates
    from concurbench.gate import noise, report

    for file in (json_file, markdown, junit):
        check_writable(file)
    slower = dict(injections)
    with compared(ctx, base, head, json_file, slower, **options) as (comparison, record, status):
        result = gates.run(
            comparison,
            gates.Thresholds.configured(comparison.head_folder, threshold, THRESHOLD),
            noise.read(noise.file(Path.cwd(), comparison.python)),
            gates.Clock(max_time),
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
    "--blocks",
    default=12,
    show_default=True,
    type=click.IntRange(min=3),
    help="Number of blocks to measure.",
)
@click.option(
    "--detect",
    default="10%",
    show_default=True,
    type=Share(),
    metavar="SHARE",
    help="Smallest slow-down to detect.",
)
@click.option(
    "--threshold",
    type=Share(),
    default=f"{THRESHOLD:.0%}",
    show_default=True,
    metavar="SHARE",
    help="Threshold of the gate.",
)
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
    from concurbench.gate import noise, report

    check_writable(json_file)
    with compared(ctx, base, base, json_file, {}, **options) as (comparison, record, status):
        path = noise.file(Path.cwd(), comparison.python)
        noise.read(path)  # fail now rather than after minutes of measuring
        log_ratios: dict[str, list[float]] = {}
        for number in range(1, blocks + 1):
            if not comparison.rows:
                break
            status.block("first", number, blocks, comparison.rows, 0)
            block = comparison.block("calibration", comparison.rows, lambda row, _: status.row(row))
            record.append(block.as_json())
            for row, ratio in block.log_ratios.items():
                log_ratios.setdefault(row, []).append(ratio)
        found = noise.measured(log_ratios)
        if found:
            noise.write(path, found)
        reasons = {**comparison.failed, **comparison.idle, **comparison.missing, **comparison.new}
    show(report.noise(found, detect, threshold))
    for row, why in reasons.items():
        click.echo(f"not measured: {row}: {why}")
    if not found:
        raise ConcurbenchError("no row could be measured")
    click.echo(f"noise: {path}\nraw pairs: {record.path}")


def check_requirements() -> None:
    """Check what only these commands need.

    Raises:
        ConcurbenchError: scipy is missing, or the system is not POSIX.
    """
    if importlib.util.find_spec("scipy") is None:
        raise ConcurbenchError("scipy is missing: pip install 'concurbench[gate]'")
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
    from concurbench import machine
    from concurbench.gate.comparison import Comparison
    from concurbench.gate.prepare import Question
    from concurbench.gate.samples import KIND
    from concurbench.report.progress import StatusLine
    from concurbench.results.records import Record
    from concurbench.results.storage import default_path

    # Each copy is measured in its own folder, so a relative path would not be found there.
    interpreter = str(Path(found).absolute()) if (found := shutil.which(python)) else python
    question = Question(
        base=base, head=head, where=Path.cwd(), arguments=ctx.meta.get("pytest", ()), setup=setup,
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
        if isinstance(error, Interrupted):
            click.echo("interrupted", err=True)
            sys.exit(128 + error.number)
        if isinstance(error, OSError):
            raise ConcurbenchError(str(error)) from None
        raise
