"""The commands ``gate`` and ``calibrate``."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import click

from concurbench.command import (
    FILE,
    PytestCommand,
    check_writable,
    ended_by_signals,
    published,
    write,
)
from concurbench.errors import ConcurbenchError, Interrupted
from concurbench.report.text import show

LONGEST = 900.0
THRESHOLD = 0.05


class Share(click.ParamType[float]):
    """A share as a person writes it: ``5%`` or ``0.05``."""

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


class Plant(click.ParamType[tuple[str, float]]):
    """``ROW=10%``."""

    name = "plant"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, float]:
        if isinstance(value, tuple):
            return value
        row, _, share = value.rpartition("=")
        if not row:
            self.fail(f"expected ROW=SHARE, as in 'test_primes*=10%', got {value!r}", param, ctx)
        return row, Share().convert(share, param, ctx)


def options_of_a_comparison(command: Callable[..., Any]) -> Callable[..., Any]:
    """What gate and calibrate have in common."""
    for option in (
        click.option(
            "--python", default=sys.executable, metavar="PATH",
            help="The interpreter whose environment both sides use. [default: this one]",
        ),
        click.option(
            "--setup", metavar="COMMAND",
            help="Run this in each side's copy first; each side then has an environment of its own.",
        ),
        click.option(
            "--timeout", default=120.0, show_default=True, metavar="SECONDS",
            type=click.FloatRange(min=1), help="How long a side may be silent.",
        ),
        click.option(
            "--json", "json_file", metavar="FILE", type=FILE,
            help="Keep the raw pairs here. [default: a file named at the end]",
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
    help=f"The slow-down that matters, where a row says no other. [default: {THRESHOLD:.0%}]",
)
@click.option(
    "--max-time",
    default=LONGEST,
    show_default=True,
    metavar="SECONDS",
    type=click.FloatRange(min=1),
    help="How long it may take; rows not clear by then are judged by what there is.",
)
@click.option(
    "--plant",
    "plants",
    multiple=True,
    type=Plant(),
    metavar="ROW=SHARE",
    help="Slow these rows of HEAD down, to see the gate find it; shell wildcards. "
    "(On calls of microseconds, slowing down itself costs some more.)",
)
@click.option(
    "--markdown",
    metavar="FILE",
    type=FILE,
    help="The table for a pull request.",
)
@click.option(
    "--junit",
    metavar="FILE",
    type=FILE,
    help="The rows as test cases.",
)
@options_of_a_comparison
@click.pass_context
def gate(
    ctx: click.Context,
    /,
    base: str,
    head: str | None,
    threshold: float | None,
    max_time: float,
    plants: tuple[tuple[str, float], ...],
    markdown: Path | None,
    junit: Path | None,
    **how: Any,
) -> None:  # fmt: skip
    """Did the benchmarks get slower from BASE to HEAD?

    BASE and HEAD are git revisions or plain directories; HEAD is the working tree by default, with
    what is not committed. Works on any suite of pytest-benchmark. Two copies are measured in turn, a
    fraction of a second apart; what looks slower must show again in fresh processes.

    \b
    Exit codes: 0  no regression
                1  a regression, confirmed
                2  no answer: something is missing, failed, or was not measured

    \b
    Examples: concurbench gate main
              concurbench gate v1.2 v1.3 -- tests/benchmarks -k parse
              concurbench gate main --setup "pip install ."
    """
    check_requirements()
    from concurbench.gate import gate as gates
    from concurbench.gate import noise, report

    for file in (how["json_file"], markdown, junit):
        check_writable(file)
    with compared(
        base, head, slower=dict(plants), arguments=ctx.meta.get("pytest", ()), **how
    ) as opened:
        comparison, record, watch = opened
        thresholds = gates.Thresholds.configured(comparison.head_folder, threshold, THRESHOLD)
        noises = noise.read(noise.file(Path.cwd(), comparison.python))
        outcome = gates.run(
            comparison, thresholds, noises, gates.Clock(max_time),
            on_block=watch.block, on_row=watch.row, keep=record.add,
        )  # fmt: skip
        told = {row: asdict(judgement) for row, judgement in outcome.judgements.items()}
        record.about(
            rows=told, missing=outcome.missing, new=outcome.new, failed=outcome.failed,
            seconds=outcome.seconds, exit=outcome.exit_code,
        )  # fmt: skip
    published(lambda: show(report.terminal(outcome)))
    published(lambda: click.echo(f"raw pairs: {record.path}"))
    step_summary = os.environ.get("GITHUB_STEP_SUMMARY")
    for path, mode, text in (
        (markdown, "w", report.markdown(outcome)),
        (step_summary, "a", report.markdown(outcome)),
        (junit, "w", report.junit(outcome)),
    ):
        if path:
            published(partial(write, Path(path), mode, text))
    ctx.exit(outcome.exit_code)


def check_requirements() -> None:
    """One sentence where something is missing that only these commands need."""
    if importlib.util.find_spec("scipy") is None:
        raise ConcurbenchError("this needs scipy: pip install 'concurbench[gate]'")
    if os.name != "posix":
        raise ConcurbenchError("stepping two processes needs a POSIX system: on Windows, run it in WSL")


@contextlib.contextmanager
def compared(
    base: str | None,
    head: str | None,
    *,
    arguments: tuple[str, ...],
    slower: dict[str, float],
    python: str,
    setup: str | None,
    timeout: float,
    json_file: Path | None,
) -> Iterator[tuple[Any, Any, Any]]:
    """A comparison, its record and what is shown meanwhile; what goes wrong becomes one sentence and
    an exit code, and no pair is lost."""
    from concurbench import machine
    from concurbench.gate.comparison import Comparison
    from concurbench.gate.prepare import Question
    from concurbench.gate.record import Record
    from concurbench.report.progress import StatusLine
    from concurbench.results.storage import default_path

    question = Question(
        base=base, head=head, where=Path.cwd(), arguments=arguments, setup=setup, timeout=timeout,
        python=shutil.which(python) or python, slower=slower,
    )  # fmt: skip
    watch = StatusLine()
    record = None
    try:
        with ended_by_signals(), Comparison(question, watch.step) as comparison:
            path = json_file.resolve() if json_file else default_path("gates", Path.cwd().name)
            about = {**comparison.labels, "python": comparison.python, "machine": machine.facts()}
            record = Record(path, about)
            try:
                yield comparison, record, watch
            finally:
                record.close()
    except ConcurbenchError as error:
        watch.end()
        kept = f"\nraw pairs so far: {record.path}" if record else ""
        raise ConcurbenchError(f"{error}{kept}") from None
    except OSError as error:
        watch.end()
        raise ConcurbenchError(str(error)) from None
    except Interrupted as ended:
        watch.end()
        kept = f", the pairs so far are in {record.path}" if record else ""
        click.echo(f"interrupted{kept}", err=True)
        sys.exit(128 + ended.number)
    watch.end()


@click.command("calibrate", cls=PytestCommand)
@click.argument("base", required=False)
@click.option(
    "--blocks",
    default=12,
    show_default=True,
    type=click.IntRange(min=3),
    help="How many blocks to measure.",
)
@click.option(
    "--detect",
    default="10%",
    show_default=True,
    type=Share(),
    metavar="SHARE",
    help="The slow-down that is to be found.",
)
@click.option(
    "--threshold",
    type=Share(),
    default=f"{THRESHOLD:.0%}",
    show_default=True,
    metavar="SHARE",
    help="The gate's threshold.",
)
@options_of_a_comparison
@click.pass_context
def calibrate(
    ctx: click.Context, /, base: str | None, blocks: int, detect: float, threshold: float, **how: Any
) -> None:  # fmt: skip
    """How noisy is each row on this machine?

    Compares BASE (the working tree by default) with itself. The noise floor found is kept beside the
    results, and is from then on the least threshold that `concurbench gate` uses for the row here.

    \b
    Examples: concurbench calibrate
              concurbench calibrate main --detect 5% -- -k parse
    """
    check_requirements()
    from concurbench.gate import noise, report

    with compared(base, base, slower={}, arguments=ctx.meta.get("pytest", ()), **how) as opened:
        comparison, record, watch = opened
        path = noise.file(Path.cwd(), comparison.python)
        noise.read(path)  # that it can be added to is to be known before
        log_ratios: dict[str, list[float]] = {}
        for number in range(1, blocks + 1):
            if not comparison.rows:
                break
            watch.block("first", number, blocks, comparison.rows, 0)
            block = comparison.block("calibration", comparison.rows, lambda row, _: watch.row(row))
            record.add(block)
            for row, ratio in block.log_ratios.items():
                log_ratios.setdefault(row, []).append(ratio)
        found = noise.measured(log_ratios)
        if found:
            noise.write(path, found)
        trouble = {**comparison.failed, **comparison.idle, **comparison.missing, **comparison.new}
    show(report.noise(found, detect, threshold))
    for row, why in trouble.items():
        click.echo(f"not measured: {row}: {why}")
    if not found:
        raise ConcurbenchError("no row could be measured")
    click.echo(f"kept in {path}\nraw pairs: {record.path}")
