"""How often do intervals hold? Many runs of the same rows, one after another, and what each said of the
next one.

Three ways to make an interval are asked that. Over passes: from the medians of a run's passes, where
the next run's median will be. Over all rounds: the same from all rounds of the run, as if they were
independent. Over one pass: from the rounds of a run's first pass alone, where the median of the next
run's first pass will be. All use ``concurbench.results.statistics``, and so say how often they claim
to hold.
"""

from __future__ import annotations

import itertools
import json
import statistics
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scipy.stats import binomtest

from concurbench import machine, units
from concurbench.errors import ConcurbenchError
from concurbench.results.merge import merge
from concurbench.results.runs import short_name
from concurbench.results.statistics import Interval, interval
from concurbench.results.storage import write_atomic
from concurbench.runner.measured import Environment, Measured
from concurbench.runner.run import collect, measuring
from concurbench.runner.run import measure as measure_run

FORMAT = "concurbench-intervals 1"


Trial = tuple[Interval | None, float]
"""What was said of a median, if anything, and what that median was."""


class StudyFailed(ConcurbenchError):
    """Nothing can be said; the message says why."""


Rounds = Sequence[float]
"""The rounds of one visit to a row, in seconds."""

Run = Mapping[str, Sequence[Rounds]]
"""Row -> the rounds of each pass that visited it."""


@dataclass(frozen=True)
class Tried:
    """Intervals of one kind: how often they claimed to hold, how often they did, and how wide they
    were, as a share of the median."""

    claimed: float
    held: int
    tried: int
    width: float

    @property
    def share(self) -> float:
        return self.held / self.tried

    @property
    def range(self) -> tuple[float, float]:
        """Where the true share is, with 95 % confidence, were the trials independent."""
        found = binomtest(self.held, self.tried).proportion_ci(method="wilson")
        return found.low, found.high


def measure(
    runs: int, count: int, keep: Path | None, arguments: Sequence[str], patience: float
) -> dict[str, Any]:
    """Measure so many runs of so many passes, and keep each as soon as it is over.

    Raises:
        StudyFailed: a row failed, or a session did.
    """
    start, measured = time.monotonic(), list[dict[str, Any]]()
    this = Environment("", Path(sys.executable))
    with measuring(arguments, count, patience) as (suite, status):
        [collected], _, first = collect(suite, [this], status)
        file = keep or Path(first.storage) / machine.folder() / "interval-study.json"
        facts = machine.facts()
        content: dict[str, Any] = {
            "format": FORMAT,
            "machine": f"{facts['cpu']}, {units.counted(machine.usable_cores(), 'core')}, "
            f"{facts['python_implementation']} {facts['python_version']}",
            "passes": count,
            "runs": measured,
        }
        for number in range(1, runs + 1):
            passes = Measured(this, collected.groups)
            measure_run(suite, [passes], count, status, prefix=f"run {number} of {runs}, ")
            if wrong := [*passes.failed.values(), *passes.errors]:
                raise StudyFailed(f"run {number}: {wrong[0]}")
            measured.append(rounds_of(merge(passes.passes())))
            content["took"] = units.duration(time.monotonic() - start)
            write_atomic(file, json.dumps(content))
    return content


def read(file: Path) -> dict[str, Any]:
    """What an earlier study has kept.

    Raises:
        StudyFailed: the file holds none.
        OSError: it cannot be read.
    """
    try:
        content: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        if content["format"] != FORMAT:
            raise ValueError(f"its format is {content['format']!r}")
        report(content)
    except (ValueError, LookupError, TypeError, AttributeError, statistics.StatisticsError) as error:
        raise StudyFailed(f"{file}: not an interval study ({error})") from None
    return content


def rounds_of(content: Mapping[str, Any]) -> dict[str, list[Rounds]]:
    """The rounds of a run that was merged from passes."""
    return {
        row["fullname"]: [each["seconds"] for each in row["extra_info"]["passes"]]
        for row in content["benchmarks"]
    }


def over_passes(passes: Sequence[Rounds], later: Sequence[Rounds]) -> Trial:
    """The interval over these passes, and the median over the later run's."""
    return interval(_medians(passes)), statistics.median(_medians(later))


def over_all_rounds(passes: Sequence[Rounds], later: Sequence[Rounds]) -> Trial:
    """The interval over all rounds of these passes, and the same median."""
    return interval([*itertools.chain(*passes)]), statistics.median(_medians(later))


def over_one_pass(passes: Sequence[Rounds], later: Sequence[Rounds]) -> Trial:
    """The interval over the rounds of the first pass, and the median of the later run's first."""
    return interval(passes[0]), statistics.median(later[0])


KINDS = {
    "over passes": over_passes, "over all rounds": over_all_rounds, "over one pass": over_one_pass,
}  # fmt: skip


def tried(
    make: Callable[[Sequence[Rounds], Sequence[Rounds]], Trial], runs: Sequence[Run], row: str
) -> Tried | None:
    """What intervals made like this said of a row, from run to run; None where they said nothing."""
    visited = [run[row] for run in runs if row in run]
    trials = [make(mine, theirs) for mine, theirs in itertools.pairwise(visited)]
    made = [(found, median) for found, median in trials if found is not None]
    if not made:
        return None
    held = sum(found.low <= median <= found.high for found, median in made)
    widths = [(found.high - found.low) / 2 / median for found, median in made]
    claims = [found.claim for found, _ in made]
    return Tried(statistics.mean(claims), held, len(made), statistics.median(widths))


def together(rows: Iterable[Tried | None]) -> Tried | None:
    """Those of several rows as one."""
    each = [one for one in rows if one is not None]
    if not each:
        return None
    count = sum(one.tried for one in each)
    return Tried(
        sum(one.claimed * one.tried for one in each) / count,
        sum(one.held for one in each),
        count,
        statistics.median(one.width for one in each),
    )


def report(content: Mapping[str, Any]) -> str:
    """A table in Markdown, of what such a study has kept."""
    runs: Sequence[Run] = content["runs"]
    rows = list(dict.fromkeys(row for run in runs for row in run))
    found = {kind: {row: tried(make, runs, row) for row in rows} for kind, make in KINDS.items()}
    every = {kind: together(of_rows.values()) for kind, of_rows in found.items()}
    lines = [
        f"{len(runs)} runs of {content['passes']} passes, one after another, on {content['machine']}, "
        f"in {content['took']}. Claimed and held: how often an interval was to cover the next run's "
        "median, and did; ± is half its width.",
        "",
        "| row | " + " | ".join(f"{kind}: claimed | held | ±" for kind in KINDS) + " |",
        "| :-- |" + " --: |" * 3 * len(KINDS),
    ]
    lines += [
        f"| `{short_name(row)}` | {' | '.join(_cells(found[kind][row]) for kind in KINDS)} |"
        for row in rows
    ]
    lines.append(f"| all | {' | '.join(_cells(every[kind]) for kind in KINDS)} |")
    for kind, one in every.items():
        if one is not None:
            low, high = one.range
            lines += [
                "",
                f"{kind.capitalize()}: {one.held} of {one.tried} held, {one.share:.1%} "
                f"({low:.0%} to {high:.0%}, were they independent); {one.claimed:.1%} were claimed.",
            ]
    return "\n".join(lines) + "\n"


def _medians(passes: Sequence[Rounds]) -> list[float]:
    return [statistics.median(rounds) for rounds in passes]


def _cells(one: Tried | None) -> str:
    if one is None:
        return "– | – | –"
    return f"{one.claimed:.0%} | {one.share:.0%} | {one.width:.1%}"
