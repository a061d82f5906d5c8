"""The command ``run``: a run in several passes."""

from __future__ import annotations

from pathlib import Path

import click

from concurbench.command import PassesOn

PASSES = 5
"""The fewest whose interval claims what ``concurbench.results.statistics.LEVEL`` asks for."""

LONGEST = 1800.0
"""Seconds one pass may take."""


@click.command("run", cls=PassesOn)
@click.option(
    "--passes",
    default=PASSES,
    show_default=True,
    type=click.IntRange(min=1),
    help="How often to visit the rows; each is one observation.",
)
@click.option(
    "--benchmark-compare",
    "compare",
    is_flag=False,
    flag_value="",
    metavar="[RUN]",
    help="Also show the ratio to an earlier run: the last complete one, a number, a name or a file.",
)
@click.option(
    "--benchmark-compare-fail",
    "compare_fail",
    multiple=True,
    metavar="EXPR",
    help="Fail where a row is slower than that run by more than this, as median:10%.",
)
@click.option("--benchmark-save", "name", metavar="NAME", help="Save also what is no complete run.")
@click.option(
    "--benchmark-json",
    "json_file",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the run into this file as well.",
)
@click.option(
    "--benchmark-storage",
    "storage",
    metavar="FOLDER",
    callback=lambda _ctx, _param, value: value and Path(value.removeprefix("file://")),
    help="Where runs are kept. [default: results, beside pytest's configuration]",
)
@click.option(
    "--timeout",
    default=LONGEST,
    show_default=True,
    metavar="SECONDS",
    type=click.FloatRange(min=1),
    help="How long one pass may take.",
)
@click.pass_context
def run(
    ctx: click.Context, /, passes: int, compare: str | None, compare_fail: tuple[str, ...],
    name: str | None, json_file: Path | None, storage: Path | None, timeout: float,
) -> None:  # fmt: skip
    """Measure the benchmarks here in several short passes, and save them as one run.

    Each pass is a fresh pytest, which visits the rows in another order. Its median is one observation,
    so that the intervals say what the next run will find, and not only how steady one process was. Rows
    of which one round takes a second or longer are visited in every second pass.

    All other arguments go to pytest.

    \b
    Exit codes: 0  every row was measured or skipped with its reason
                1  a row failed, or was slower than --benchmark-compare-fail allows
                2  no answer: nothing could be measured

    \b
    Examples: concurbench run
              concurbench run --benchmark-compare
              concurbench run --passes 7 benchmarks/test_primes.py -k large
              concurbench run --models=all --cases=smallest
    """
    from concurbench.runner.making import Wanted, make

    wanted = Wanted(passes, compare, compare_fail, name, json_file, storage, timeout)
    ctx.exit(make(wanted, ctx.meta["pytest"]))
