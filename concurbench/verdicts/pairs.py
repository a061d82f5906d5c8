"""Rows of a group compared in pairs: their ratios, from rounds taken close together.

Within a pass, the rows of a group take turns, so the ratio of two rows in the same turn is hardly
affected by what the machine does meanwhile. The mean log-ratio of the turns of a pass is one
observation, because the turns of one process are not independent: a process may favour a row. Its
variance is that of a turn, times ``1 / turns + PROCESS``.

A few passes say little about that variance. The scatter of the turns within the passes says more. So it
is taken from both: a moderated t-test, as in Smyth, "Linear models and empirical Bayes methods" (2004),
section 3, whose prior is the scatter of the turns. That in turn is taken from the pair and, with the
weight of ``GROUP`` degrees of freedom, from all pairs of the group. ``studies.verdicts`` chose
``PROCESS`` on one half of many runs, and measured on the other how often the intervals hold. The other
two constants come from simulations.

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

MARGIN = 0.05
"""The difference that does not matter, as a share."""

TRIMMED = 0.2
"""The share of turns in a pass that is left out at each end."""

PROCESS = 0.15
"""The variance that a process adds to the log-ratio of each of its turns, compared with that of a
turn."""

PRIOR = 8
"""The degrees of freedom of the prior, at the most: how many passes the scatter of turns is worth."""

GROUP = 4
"""The degrees of freedom that the scatter of turns in all pairs of a group counts for one of them."""

NEGLIGIBLE = {"peak_memory": 2.0**20}
"""Metric -> the value that all below it count as: what an allocator rounds to is no difference."""

MIN_ERROR = 1e-6
"""The least standard error of a log-ratio: identical observations would give 0."""

Turns = Sequence[float]
"""The log-ratios of two rows in the turns of a pass."""


@dataclass(frozen=True)
class Pair:
    """The ratio of one row to another, as the mean of log-ratios; above 0, the first one is worse."""

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

    @property
    def reversed(self) -> Pair:
        """The same pair the other way round."""
        return Pair(-self.mean, self.error, self.degrees, self.passes)


Pairs = Mapping[tuple[str, str], Pair]
"""The ids of two rows -> how the first compares with the second."""


def compare(rows: Sequence[Row], by: str = TIME, *, process: float = PROCESS) -> Pairs | None:
    """All pairs of these rows, both ways round, by time or by a metric; ``process`` is for studies.

    None if two rows have no pass in common, or a value is not above 0, so that there is no ratio.
    """
    found: dict[tuple[str, str], Sequence[Turns]] = {}
    for number, one in enumerate(rows):
        for other in rows[number + 1 :]:
            passes = log_ratios(one, other, by)
            if not passes:
                return None
            found[one.id, other.id] = passes
    of_group = usual_scatter(list(found.values()))
    pairs = {ids: pair_of(passes, of_group, process) for ids, passes in found.items()}
    return pairs | {(other, one): pair.reversed for (one, other), pair in pairs.items()}


def log_ratios(one: Row, other: Row, by: str = TIME) -> list[Turns]:
    """The log-ratios of two rows in the turns that they have in common, pass by pass; positive where
    ``one`` is worse. Empty if a value is not above 0."""
    metric = one.metric(by)
    sign = -1 if metric and metric.better == "higher" else 1
    least = NEGLIGIBLE.get(by, 0.0)
    others = {each.number: each for each in other.by_pass}
    found: list[Turns] = []
    for each in one.by_pass:
        if each.number in others:
            ones, theirs = turns_of(each, by), turns_of(others[each.number], by)
            if not ones or not theirs or max(least, min(*ones, *theirs)) <= 0:
                return []
            # A row that takes fewer turns has the first ones.
            both = zip(ones, theirs, strict=False)
            found.append([sign * math.log(max(mine, least) / max(its, least)) for mine, its in both])
    return found


def turns_of(each: Pass, by: str = TIME) -> list[float]:
    """The value of each turn of a pass, by time or by a metric: the mean of its rounds. Without turns,
    or with a single value, the median of the pass."""
    values: Sequence[float] = each.seconds if by == TIME else each.metrics.get(by, ())
    if len(values) != sum(each.turns):
        return [statistics.median(values)] if values else []
    ends = [sum(each.turns[: number + 1]) for number in range(len(each.turns))]
    return [
        statistics.fmean(values[end - turn : end]) for turn, end in zip(each.turns, ends, strict=True)
    ]


def pair_of(passes: Sequence[Turns], usual: float | None = None, process: float = PROCESS) -> Pair:
    """The pair with these log-ratios; ``usual`` is the variance of a turn in all pairs of the group,
    if any row took turns."""
    observed = [trimmed_mean(turns) for turns in passes]
    weights = [1 / (1 / len(turns) + process) for turns in passes]
    mean = sum(w * each for w, each in zip(weights, observed, strict=True)) / sum(weights)
    degrees = len(passes) - 1
    squares = sum(w * (each - mean) ** 2 for w, each in zip(weights, observed, strict=True))
    if usual is not None:
        own, own_degrees = scatter(passes)
        known = own_degrees + GROUP
        a_turn = (own + GROUP * usual) / known
        prior = int(1 / (1 / PRIOR + 1 / known))  # it is uncertain in itself, and counts as less
        squares += prior * a_turn
        degrees += prior
    if not degrees:
        return Pair(mean, math.inf, 0, len(passes))
    error = math.sqrt(squares / degrees / sum(weights))
    return Pair(mean, max(error, MIN_ERROR), degrees, len(passes))


def usual_scatter(pairs: Sequence[Sequence[Turns]]) -> float | None:
    """The variance of a turn, over all these pairs; None if no rows took turns."""
    squares, degrees = map(sum, zip(*map(scatter, pairs), strict=True)) if pairs else (0.0, 0)
    return squares / degrees if degrees else None


def scatter(passes: Sequence[Turns]) -> tuple[float, int]:
    """The squared deviations of turns from the mean of their pass, in all, and their degrees of
    freedom."""
    squares = sum((len(turns) - 1) * statistics.variance(turns) for turns in passes if len(turns) > 1)
    return squares, sum(len(turns) - 1 for turns in passes)


def trimmed_mean(values: Sequence[float]) -> float:
    cut = int(len(values) * TRIMMED)
    return statistics.fmean(sorted(values)[cut : len(values) - cut])
