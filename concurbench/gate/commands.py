"""The commands ``gate`` and ``calibrate``."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import shutil
import signal
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

import click
from rich.console import Console

COLUMNS = 80
UNABLE = 2
LONGEST = 900.0
THRESHOLD = 0.05


class Cannot(click.ClickException):
    """One sentence, and the exit code for no answer."""

    exit_code = UNABLE


class WithPytestArguments(click.Command):
    """A command after whose own arguments ``--`` may stand, and arguments for pytest behind it."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if "--" in args:
            split = args.index("--")
            ctx.meta["pytest"], args = tuple(args[split + 1 :]), args[:split]
        return super().parse_args(ctx, args)

    def collect_usage_pieces(self, ctx: click.Context) -> list[str]:
        return [*super().collect_usage_pieces(ctx), "[-- PYTEST ARGUMENTS]"]


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
            "--json", "json_file", metavar="FILE", type=click.Path(dir_okay=False, path_type=Path),
            help="Keep the raw pairs here. [default: a file named at the end]",
        ),
    ):  # fmt: skip
        command = option(command)
    return command


@click.command("gate", cls=WithPytestArguments)
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
    help="Slow these rows of HEAD down, to see the gate find it; shell wildcards.",
)
@click.option(
    "--markdown",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The table for a pull request.",
)
@click.option(
    "--junit",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
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
    needs_scipy()
    from concurbench.gate import gate as gates
    from concurbench.gate import noise, report

    for file in (how["json_file"], markdown, junit):
        check_writable(file)
    with session(
        base, head, slower=dict(plants), arguments=ctx.meta.get("pytest", ()), **how
    ) as opened:
        comparison, record, watch = opened
        thresholds = gates.Thresholds.configured(comparison.head_folder, threshold, THRESHOLD)
        noises = noise.read(noise.file(Path.cwd()))
        outcome = gates.run(
            comparison, thresholds, noises, gates.Clock(max_time),
            on_block=watch.block, on_row=watch.row, keep=record.add,
        )  # fmt: skip
        told = {row: asdict(judgement) for row, judgement in outcome.judgements.items()}
        record.about(
            rows=told, missing=outcome.missing, new=outcome.new, failed=outcome.failed,
            seconds=outcome.seconds, exit=outcome.exit_code,
        )  # fmt: skip
    console = Console(highlight=False)
    console.print(
        report.terminal(outcome), width=None if console.is_terminal else COLUMNS, soft_wrap=False
    )
    click.echo(f"raw pairs: {record.path}")
    if markdown is not None:
        markdown.write_text(report.markdown(outcome), encoding="utf-8")
    if step_summary := os.environ.get("GITHUB_STEP_SUMMARY"):
        with Path(step_summary).open("a", encoding="utf-8") as file:
            file.write(report.markdown(outcome))
    if junit is not None:
        junit.write_text(report.junit(outcome), encoding="utf-8")
    ctx.exit(outcome.exit_code)


def needs_scipy() -> None:
    """One sentence where the statistics' library is missing."""
    if importlib.util.find_spec("scipy") is None:
        raise Cannot("this needs scipy: pip install 'concurbench[gate]'")
    if os.name != "posix":
        raise Cannot("stepping two processes needs a POSIX system: on Windows, run it in WSL")


def check_writable(file: Path | None) -> None:
    """Find out before minutes are spent."""
    if file is None:
        return
    folder = file.parent
    if not folder.is_dir() or not os.access(file if file.exists() else folder, os.W_OK):
        raise Cannot(f"{file} cannot be written")


@contextlib.contextmanager
def session(
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
    from concurbench.gate.comparison import CannotCompare, Comparison, Question
    from concurbench.gate.noise import NoiseError
    from concurbench.gate.record import Record, default_path
    from concurbench.gate.watch import Watch

    question = Question(
        base=base, head=head, where=Path.cwd(), arguments=arguments, setup=setup, patience=timeout,
        python=shutil.which(python) or python, slower=slower,
    )  # fmt: skip
    watch = Watch()
    record = None
    try:
        with ended_by_signals(), Comparison(question, watch.step) as comparison:
            path = json_file or default_path(Path.cwd().name)
            record = Record(
                path, {"base": comparison.labels["base"], "head": comparison.labels["head"]}
            )
            try:
                yield comparison, record, watch
            finally:
                record.close()
    except (CannotCompare, NoiseError) as error:
        watch.end()
        kept = f"\nraw pairs so far: {record.path}" if record else ""
        raise Cannot(f"{error}{kept}") from None
    except OSError as error:
        watch.end()
        raise Cannot(f"{error.filename}: {error.strerror}") from None
    except Ended as ended:
        watch.end()
        kept = f", the pairs so far are in {record.path}" if record else ""
        click.echo(f"interrupted{kept}", err=True)
        sys.exit(128 + ended.number)
    watch.end()


class Ended(BaseException):
    """A signal asked for the end."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


@contextlib.contextmanager
def ended_by_signals() -> Iterator[None]:
    """Signals that end a program end it in order: everything is closed on the way out."""

    def end(number: int, _: FrameType | None) -> NoReturn:
        for each in numbers:
            signal.signal(each, signal.SIG_IGN)  # once is enough; closing takes a moment
        raise Ended(number)

    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.signal(number, end) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
