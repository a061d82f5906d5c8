"""Two rows of a group compared in pairs: their ratio, from rounds taken close together.

Within a pass, the rows of a group take turns, so the ratio of two rows in the same turn is hardly
affected by what the machine does meanwhile. The mean log-ratio of the turns of a pass is one
observation, because the turns of one process are not independent.

A few passes say little about the scatter of such observations. The scatter of the turns within the
passes says more, although it lacks what differs between processes. So the variance of an observation
is taken from both: a moderated t-test, as in Smyth, "Linear models and empirical Bayes methods" (2004),
section 3. The prior is the variance that the turns predict, with ``INFLATION`` and ``PRIOR_DEGREES``
measured by ``studies.verdicts``.

Turns are trimmed as the gate's blocks are, so that an outlier does not move the mean.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from concurbench.results.row import Pass, Row
from concurbench.verdicts.student import quantile

TIME = "time"
"""In place of a metric's name: the row's time."""

TRIMMED = 0.2
"""The share of turns in a pass that is left out at each end."""

INFLATION = 1.5
"""How much larger the variance of an observation is than its turns predict."""

PRIOR_DEGREES = 8
"""How many passes' worth of degrees of freedom the scatter of the turns counts, at the most."""

MIN_ERROR = 1e-6
"""The least standard error of a log-ratio: identical observations would give 0."""


@dataclass(frozen=True)
class Pair:
    """The ratio of one row to another, as the mean of log-ratios, one a pass."""

    mean: float
    error: float
    """The standard error of the mean; infinite if it is unknown."""
    degrees: int
    """Of Student's t; 0 if the error is unknown."""
    passes: int

    def margin(self, error_rate: float) -> float:
        """How far the true value may be from the mean, on one side, with this chance of error."""
        if not self.degrees:
            return math.inf
        return quantile(self.degrees, 1.0 - error_rate) * self.error


def compare(one: Row, other: Row, by: str = TIME) -> Pair | None:
    """The pair of two rows, by time or by a metric; positive where ``one`` is worse.

    None if they have no pass in common, or a value is not above 0, so that there is no ratio.
    """
    passes = []
    others = {each.number: each for each in other.by_pass}
    sign = -1 if _better(one, by) == "higher" else 1
    for each in one.by_pass:
        if each.number in others:
            turns = _turns(each, by), _turns(others[each.number], by)
            if not all(values and min(values) > 0 for values in turns):
                return None
            passes.append([sign * ratio for ratio in _log_ratios(*turns)])
    return _pair(passes) if passes else None


def _pair(passes: Sequence[Sequence[float]]) -> Pair:
    """The pair with these log-ratios of the turns, pass by pass."""
    observed = [_trimmed_mean(turns) for turns in passes]
    mean, count = statistics.fmean(observed), len(observed)
    squares = [(len(turns) - 1) * statistics.variance(turns) for turns in passes if len(turns) > 1]
    inner_degrees = sum(len(turns) - 1 for turns in passes)
    degrees, total = count - 1, 0.0
    if degrees:
        total = degrees * statistics.variance(observed)
    if inner_degrees:
        # The prior is uncertain in itself, and counts as much less.
        prior_degrees = int(1 / (1 / PRIOR_DEGREES + 1 / inner_degrees))
        a_turn = sum(squares) / inner_degrees
        predicted = a_turn * statistics.fmean(1 / len(turns) for turns in passes)
        total += prior_degrees * INFLATION * predicted
        degrees += prior_degrees
    if not degrees:
        return Pair(mean, math.inf, 0, count)
    return Pair(mean, max(math.sqrt(total / degrees / count), MIN_ERROR), degrees, count)


def _turns(each: Pass, by: str) -> list[float]:
    """The value of each turn of a pass: the mean of its rounds, or of the values of a metric."""
    values: Sequence[float] = each.seconds if by == TIME else each.metrics.get(by, ())
    if len(values) != sum(each.turns):
        return [statistics.median(values)] if values else []
    ends = [sum(each.turns[: number + 1]) for number in range(len(each.turns))]
    return [
        statistics.fmean(values[end - turn : end]) for turn, end in zip(each.turns, ends, strict=True)
    ]


def _log_ratios(ones: Sequence[float], others: Sequence[float]) -> list[float]:
    if len(ones) != len(others):  # one of them did not take its turns
        return [math.log(statistics.median(ones) / statistics.median(others))]
    return [math.log(one / other) for one, other in zip(ones, others, strict=True)]


def _trimmed_mean(values: Sequence[float]) -> float:
    cut = int(len(values) * TRIMMED)
    return statistics.fmean(sorted(values)[cut : len(values) - cut])


def _better(row: Row, by: str) -> str:
    metric = row.metric(by)
    return metric.better if metric else "lower"


def medians(rows: Sequence[Row], by: str) -> Mapping[str, float]:
    """Row -> its median time or metric, for those that have it."""
    found = {
        row.id: row.median if by == TIME else (m.median if (m := row.metric(by)) else None)
        for row in rows
    }
    return {id: value for id, value in found.items() if value is not None}
