"""``python -m studies.curves``: how often are the claims about numbers of workers true?

It simulates sweeps whose truth is known, and judges them with the code that ships. Times scatter from
pass to pass, all numbers of workers of a pass share a speed, and now and then a time is far too long,
as on a busy machine.
"""

from __future__ import annotations

import math
import random
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import click

from concurbench.command import Command
from concurbench.results.row import Pass, Row
from concurbench.verdicts.curve import Curve
from concurbench.verdicts.law import Estimate, law
from concurbench.verdicts.pairs import MARGIN
from studies import files

COUNTS = (1, 2, 4, 8, 16, 32, 64, 128)

FEW = (1, 2, 3, 4, 6, 8)

ITEMS = 194

SWEEPS = 200
"""Simulated sweeps of each case."""

SPEED = 0.05
"""The standard deviation of the speed that all numbers of workers of a pass share."""

OUTLIERS, OUTLIER = 0.03, 0.2
"""The share of times that are too long, and by how much."""

NOISES = ((3, 0.03), (5, 0.03), (5, 0.08))
"""Passes, and the standard deviation of a time relative to it."""

Throughput = Callable[[int], float]
"""Of a number of workers."""


@dataclass(frozen=True)
class Truth:
    """A curve to simulate."""

    title: str
    rate: Throughput
    counts: Sequence[int] = COUNTS
    parameters: tuple[float, float, float] | None = None
    """Contention, coherency and peak, if the law holds."""

    @property
    def enough(self) -> int:
        """The smallest number of workers that is enough."""
        best = max(map(self.rate, self.counts))
        return next(each for each in self.counts if self.rate(each) * (1 + MARGIN) >= best)


def lawful(contention: float, coherency: float) -> Truth:
    """A curve that follows the Universal Scalability Law."""

    def rate(workers: int) -> float:
        others = workers - 1
        return 20 * workers / (1 + contention * others + coherency * workers * others)

    peak = math.sqrt((1 - contention) / coherency) if coherency else math.inf
    title = f"law: contention {100 * contention:g}%, coherency {100 * coherency:g}%"
    return Truth(title, rate, parameters=(contention, coherency, peak))


TRUTHS = (
    lawful(0.03, 0.0005),
    lawful(0.02, 0.0),
    lawful(0.2, 0.002),
    lawful(0.0, 0.0002),
    Truth("downloads in waves", lambda workers: ITEMS / math.ceil(ITEMS / workers)),
    Truth("a plateau at two cores", lambda workers: 100 * min(workers, 2), FEW),
)


@dataclass(frozen=True)
class Verdicts:
    """How many of the simulated sweeps of one truth were judged how."""

    sweeps: int
    claimed: float
    """The mean confidence of the ranges of ``enough``."""
    enough: int
    """Ranges that contained the true number."""
    fits: int
    contention: int
    """Intervals that contained the true value, as the next two; 0 where the law does not hold."""
    coherency: int
    peak: int


def simulated(truth: Truth, passes: int, scatter: float, source: random.Random) -> Curve:
    """A sweep; ``scatter`` is the standard deviation of a time, relative to it."""
    speeds = [source.gauss(0, SPEED) for _ in range(passes)]
    rows = []
    for workers in truth.counts:
        times = []
        for speed in speeds:
            late = 1 + OUTLIER * (source.random() < OUTLIERS)
            noise = math.exp(speed + source.gauss(0, scatter))
            times.append(ITEMS / truth.rate(workers) * noise * late)
        by_pass = tuple(Pass(number, (time,)) for number, time in enumerate(times, start=1))
        rows.append(
            Row(f"m-{workers}", "g", "m", tuple(times), workers=workers, items=ITEMS, by_pass=by_pass)
        )
    return Curve("m", tuple(rows))


def judged(truth: Truth, passes: int, scatter: float, sweeps: int = SWEEPS) -> Verdicts:
    """Simulate sweeps and judge them; the same each time."""
    source = random.Random(f"{truth.title} {passes} {scatter}")
    claimed, enough, fits = 0.0, 0, 0
    held = [0, 0, 0]
    for _ in range(sweeps):
        curve = simulated(truth, passes, scatter, source)
        claimed += curve.enough.claim / sweeps
        enough += curve.enough.low <= truth.enough <= curve.enough.high
        fitted = law(curve)
        assert fitted is not None  # there are enough numbers and passes
        fits += fitted.fits
        if truth.parameters:
            found = (fitted.contention, fitted.coherency, fitted.peak)
            for place, (estimate, true) in enumerate(zip(found, truth.parameters, strict=True)):
                held[place] += contains(estimate, true)
    return Verdicts(sweeps, claimed, enough, fits, *held)


def contains(estimate: Estimate, true: float) -> bool:
    """Whether the interval contains the true value."""
    return estimate.low <= true <= estimate.high


@click.command("curves", cls=Command)
def main() -> None:
    """Simulate sweeps over numbers of workers, and count how often the claims about them are true.

    Nothing is measured. It takes about a minute.

    \b
    Exit codes: 0  simulated
                2  no answer: scipy is missing

    \b
    Example: python -m studies.curves
    """
    files.need_scipy()
    lawful = [truth for truth in TRUTHS if truth.parameters]
    others = [truth for truth in TRUTHS if not truth.parameters]
    click.echo(
        f"{SWEEPS} sweeps of each of {len(lawful)} lawful curves and {len(others)} others. "
        "Held: the share of ranges, and of the law's 95% intervals, that contained the truth. In "
        "brackets: the worst curve.\n\n"
        "| curves | passes | scatter | range claims | range held | law fits | intervals held |\n"
        "| :-- | --: | --: | --: | --: | --: | --: |"
    )
    for title, truths in (("lawful", lawful), ("other", others)):
        for passes, scatter in NOISES:
            found = [judged(truth, passes, scatter) for truth in truths]
            click.echo(line(title, passes, scatter, found))


def line(title: str, passes: int, scatter: float, found: Sequence[Verdicts]) -> str:
    """The line of a Markdown table on these verdicts, of curves that all follow the law, or none."""
    sweeps, lawful = found[0].sweeps, title == "lawful"
    fits = [each.fits / sweeps for each in found]
    intervals = [
        count / sweeps for each in found for count in (each.contention, each.coherency, each.peak)
    ]
    cells = [
        title, str(passes), f"{scatter:.0%}", f"{statistics.fmean(each.claimed for each in found):.0%}",
        _with_worst([each.enough / sweeps for each in found], min),
        _with_worst(fits, min if lawful else max),
        _with_worst(intervals, min) if lawful else "–",
    ]  # fmt: skip
    return f"| {' | '.join(cells)} |"


def _with_worst(shares: Sequence[float], worst: Callable[[Sequence[float]], float]) -> str:
    return f"{statistics.fmean(shares):.0%} ({worst(shares):.0%})"


if __name__ == "__main__":
    main()
