"""The rows of one model and group with several numbers of workers, and which number is enough.

``enough`` is the smallest number of workers within ``MARGIN`` of the best, in pairs: by the median over
the passes of its time / the time of the best in the same pass.

Its range is a confidence interval for a median by order statistics. Each pass also chooses a number
from its own times alone. The median of what all passes would choose lies outside the range of what
independent passes did choose only if all of them fell on the same side of it, as if as many coins had
shown the same side. Source: David and Nagaraja, *Order Statistics* (2003), section 7.1.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from concurbench.results.row import Row
from concurbench.results.runs import Run
from concurbench.verdicts.pairs import MARGIN

MIN_COUNTS = 3
"""Numbers of workers that a model must have to be shown as a curve."""

LEVEL = 0.95
"""The least confidence to claim when the outermost passes are left out."""

NEAR = 1.3
"""Only numbers of workers that take less than this many times as long as the best are candidates. A
pass that did not measure all of them is left out: long or clearly slower rows are not in every pass."""


@dataclass(frozen=True)
class Enough:
    """The smallest of the measured numbers of workers within ``MARGIN`` of the best."""

    workers: int
    low: int
    high: int
    """From ``low`` to ``high`` with the confidence ``claim``."""
    claim: float
    """0 with fewer than two passes that measured all candidates."""


@dataclass(frozen=True)
class Curve:
    """One model of a group with several numbers of workers."""

    model: str
    rows: tuple[Row, ...]
    """By number of workers."""

    def rate(self, row: Row) -> float:
        """Items a second; rounds a second if the row does not say how many items it has."""
        return (row.items or 1) / row.median

    @cached_property
    def best(self) -> Row:
        """The row with the highest throughput."""
        return max(self.rows, key=self.rate)

    def speed_up(self, row: Row) -> float:
        """The throughput compared with that of the smallest number of workers."""
        return self.rate(row) / self.rate(self.rows[0])

    def per_worker(self, row: Row) -> float:
        """The same per worker: 1 if twice the workers do twice the work."""
        return self.speed_up(row) * number(self.rows[0]) / number(row)

    @cached_property
    def enough(self) -> Enough:
        """The smallest number of workers that is enough, and its range."""
        return _enough(self.rows)

    @property
    def chosen(self) -> Row:
        """The row that stands for the model in a comparison with others: the one that is enough."""
        return next(row for row in self.rows if row.workers == self.enough.workers)


def number(row: Row) -> int:
    """Its number of workers."""
    return row.workers or 1


def curves(rows: Sequence[Row]) -> list[Curve]:
    """The curves among the rows of one group, that with the highest throughput first."""
    models: dict[str, dict[int, Row]] = {}
    for row in rows:
        if row.workers is not None:
            models.setdefault(row.model, {})[row.workers] = row
    found = [
        Curve(model, tuple(row for _, row in sorted(counts.items())))
        for model, counts in models.items()
        if len(counts) >= MIN_COUNTS
    ]
    return sorted(found, key=lambda curve: -curve.rate(curve.best))


def is_sweep(run: Run) -> bool:
    """Whether a group of the run has a curve."""
    return any(map(curves, run.groups.values()))


def one_each(rows: Sequence[Row]) -> list[Row]:
    """The rows of one group to compare models by: of a curve, only the row that is enough."""
    found = {curve.model: curve.chosen for curve in curves(rows)}
    return [row for row in rows if found.get(row.model, row) is row]


def without_sweeps(run: Run) -> Run:
    """The run with only these rows of each group."""
    kept = {row.id for rows in run.groups.values() for row in one_each(rows)}
    return replace(run, rows=tuple(row for row in run.rows if row.id in kept))


def confidence(passes: int, left_out: int = 0) -> float:
    """The least chance that a median lies within ``passes`` independent observations, without the
    ``left_out`` outermost ones at either end."""
    beyond = sum(math.comb(passes, few) for few in range(left_out + 1))
    return max(0.0, 1 - 2 * beyond / math.pow(2, passes))


def by_pass(row: Row) -> dict[int, float]:
    """Pass -> the row's median in it, in seconds."""
    return {each.number: each.median for each in row.by_pass}


def _enough(rows: Sequence[Row]) -> Enough:
    best = min(rows, key=lambda row: row.median)
    smallest = _first_within({number(row): _ratio(row, best) for row in rows}, 1.0)
    candidates = {number(row): by_pass(row) for row in rows if row.median < NEAR * best.median}
    complete = set.intersection(*(set(passes) for passes in candidates.values()))
    choices = sorted(
        _first_within(seconds, min(seconds.values()))
        for one in complete
        for seconds in [{count: passes[one] for count, passes in candidates.items()}]
    )
    passes = len(choices)
    if passes < 2:
        return Enough(smallest, smallest, smallest, 0.0)
    out = max((out for out in range(passes // 2) if confidence(passes, out) >= LEVEL), default=0)
    low, high = choices[out], choices[-1 - out]
    # In pairs with the best, a number may be chosen that no pass chose.
    return Enough(smallest, min(low, smallest), max(high, smallest), confidence(passes, out))


def _ratio(row: Row, best: Row) -> float:
    """The median of the ratios of both rows' times in the same pass."""
    own, theirs = by_pass(row), by_pass(best)
    pairs = [own[one] / theirs[one] for one in own if one in theirs]
    return statistics.median(pairs) if pairs else row.median / best.median


def _first_within(times: Mapping[int, float], shortest: float) -> int:
    """The smallest number of workers whose time is within ``MARGIN`` of the shortest."""
    return min(count for count, each in times.items() if each <= shortest * (1 + MARGIN))
