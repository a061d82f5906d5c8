"""``python -m studies.intervals``: how often do the intervals of a run contain the next run's median?

It measures many runs of the same rows, one after another, and compares three kinds of intervals. Over
passes: from the medians of a run's passes, for the next run's median. Over all rounds: from all rounds
of the run, as if they were independent. Over one pass: from the rounds of a run's first pass alone,
for the median of the next run's first pass. All are made by ``concurbench.results.statistics``, which
also gives the coverage that they claim.
"""

from __future__ import annotations

import itertools
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, median
from typing import Any

import click

from concurbench import machine
from concurbench.command import PytestCommand, pytest_arguments
from concurbench.errors import ConcurbenchError
from concurbench.results import records
from concurbench.results.merge import merge
from concurbench.results.runs import short_name
from concurbench.results.statistics import Interval, interval
from concurbench.runner.measured import Measured
from concurbench.runner.run import collect, measure, measuring
from concurbench.units import duration
from studies import files
from studies.shares import confidence

KIND = "interval study"

PASSES = 5
"""As many as a row without competitors gets from ``concurbench run``."""

TIMEOUT = 1800.0
"""Seconds that one pass may take."""

Trial = tuple[Interval | None, float]
"""The interval of a run, if there is one, and the median of the next run."""

Rounds = Sequence[float]
"""The rounds of a row in one pass, in seconds."""

Run = Mapping[str, Sequence[Rounds]]
"""Row -> the rounds of each pass."""


@dataclass(frozen=True)
class IntervalStudy:
    """All runs that were measured."""

    machine: Mapping[str, Any]
    passes: int
    """Passes of each run."""
    runs: Sequence[Run]
    seconds: float
    """How long the measurements took."""


@dataclass(frozen=True)
class Coverage:
    """How often intervals contained the next run's median."""

    claimed: float
    """The coverage that the intervals claim, on average."""
    covered: int
    """The number of intervals that contained the median."""
    trials: int
    width: float
    """Half the width of the typical interval, relative to the median."""

    @property
    def share(self) -> float:
        return self.covered / self.trials

    @property
    def confidence(self) -> tuple[float, float]:
        """The interval of the true share, if the trials were independent."""
        return confidence(self.covered, self.trials)


@click.command("studies.intervals", cls=PytestCommand)
@files.number("--runs", 32, 2, "Number of runs to measure.")
@files.number("--passes", PASSES, 3, "Number of passes of each run.")
@files.options
@click.pass_context
def main(
    ctx: click.Context, /, runs: int, passes: int, source: Path | None, more: Path | None,
    json_file: Path | None,
) -> None:  # fmt: skip
    """Measure how often the intervals of a run contain the next run's median.

    Measures many runs of the same rows, one after another. Arguments after -- go to pytest: choose
    a few short rows.

    \b
    Example: python -m studies.intervals -- -m gate
    """
    files.need_scipy()
    if source is None:
        source = measured(runs, passes, pytest_arguments(ctx), json_file, more)
    click.echo(report(read(source)), nl=False)


def measured(
    runs: int, passes: int, arguments: Sequence[str], json_file: Path | None, more: Path | None
) -> Path:
    """Measure ``runs`` runs, and return the file with the measurements: all complete runs.

    Raises:
        ConcurbenchError: a row failed, or a session did.
    """
    header = {"machine": machine.facts(), "passes": passes}
    with (
        files.recording(KIND, header, json_file, more) as (record, entries),
        measuring(arguments, TIMEOUT) as (suite, status),
    ):
        start = time.monotonic() - (entries[-1]["elapsed"] if entries else 0.0)
        [collected], *_ = collect(suite, {"": Path(sys.executable)}, status)
        for number in range(1, runs + 1):
            run = Measured("", collected.python, collected.groups)
            measure(suite, [run], passes, status, prefix=f"run {number} of {runs}, ")
            if failures := [*run.failed.values(), *run.errors]:
                raise ConcurbenchError(f"run {number}: {failures[0]}")
            rows = {
                row["fullname"]: [each["seconds"] for each in row["extra_info"]["passes"]]
                for row in merge(run.passes())["benchmarks"]
            }
            record.append({"rows": rows, "elapsed": time.monotonic() - start})
    return record.path


def read(path: Path) -> IntervalStudy:
    """The study that this file holds.

    Raises:
        ConcurbenchError: the file cannot be read, or has fewer than two runs.
    """
    header, entries = records.read(path, KIND)
    if len(entries) < 2:
        raise ConcurbenchError(f"{path} has fewer than two runs: continue it with --more")
    try:
        runs = [entry["rows"] for entry in entries]
        return IntervalStudy(header["machine"], header["passes"], runs, entries[-1]["elapsed"])
    except LookupError as error:
        raise ConcurbenchError(f"{path} has no {error}") from None


def over_passes(passes: Sequence[Rounds], later: Sequence[Rounds]) -> Trial:
    """The interval over these passes, and the median over the later run's passes."""
    return interval([*map(median, passes)]), median(map(median, later))


def over_all_rounds(passes: Sequence[Rounds], later: Sequence[Rounds]) -> Trial:
    """The interval over all rounds of these passes, and the same median."""
    return interval([*itertools.chain(*passes)]), median(map(median, later))


def over_one_pass(passes: Sequence[Rounds], later: Sequence[Rounds]) -> Trial:
    """The interval over the rounds of the first pass, and the median of the later run's first."""
    return interval(passes[0]), median(later[0])


Method = Callable[[Sequence[Rounds], Sequence[Rounds]], Trial]
"""Makes an interval from the passes of a run, and the median of a later run that it should contain."""

KINDS: dict[str, Method] = {
    "over passes": over_passes, "over all rounds": over_all_rounds, "over one pass": over_one_pass,
}  # fmt: skip


def coverage(make: Method, runs: Sequence[Run], row: str) -> Coverage | None:
    """The coverage of a row's intervals, made by ``make``, from run to run; None without intervals."""
    measured = [run[row] for run in runs if row in run]
    trials = itertools.starmap(make, itertools.pairwise(measured))
    made = [(found, later) for found, later in trials if found is not None]
    if not made:
        return None
    return Coverage(
        claimed=fmean(found.claim for found, _ in made),
        covered=sum(found.low <= later <= found.high for found, later in made),
        trials=len(made),
        width=median((found.high - found.low) / 2 / later for found, later in made),
    )


def pooled(rows: Iterable[Coverage | None]) -> Coverage | None:
    """The coverage of several rows together."""
    each = [one for one in rows if one is not None]
    if not each:
        return None
    return Coverage(
        claimed=fmean((one.claimed for one in each), weights=[one.trials for one in each]),
        covered=sum(one.covered for one in each),
        trials=sum(one.trials for one in each),
        width=median(one.width for one in each),
    )


def report(study: IntervalStudy) -> str:
    """The findings, as a table in Markdown."""
    runs = study.runs
    lines = [
        f"{len(runs)} runs of {study.passes} passes in {duration(study.seconds)} "
        f"({files.place(study.machine)}). Covered: intervals that contained the next run's median. ±: "
        "half an interval's width. In brackets: 95% intervals, as if runs were independent.",
        "",
        "|intervals|claimed|covered|±|row covered least|",
        "|:--|--:|--:|--:|:--|",
        *(f"|{kind}|{_cells(make, runs)}|" for kind, make in KINDS.items()),
    ]
    return "\n".join(lines) + "\n"


def _cells(make: Method, runs: Sequence[Run]) -> str:
    rows = dict.fromkeys(row for run in runs for row in run)
    found = {row: one for row in rows if (one := coverage(make, runs, row))}
    every = pooled(found.values())
    if every is None:
        return "–|–|–|–"
    low, high = every.confidence
    least = min(found, key=lambda row: found[row].share)
    return (
        f"{every.claimed:.1%}|{every.share:.1%} of {every.trials} ({low:.0%}–{high:.0%})"
        f"|{every.width:.1%}|{found[least].share:.0%}: `{short_name(least)}`"
    )


if __name__ == "__main__":
    main()
