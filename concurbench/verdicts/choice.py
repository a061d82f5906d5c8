"""Which model of a group to take: by its criterion, over the rows that are choices.

The ratio of each row to the best one has an interval, and all intervals of a group hold at once with
the probability ``LEVEL``:

- **as good**: the interval lies within the margin, a difference that does not matter;
- **slower** (worse, by a metric): the interval lies above 1;
- **open**: neither is certain.

The model to *take* is the best one of those that are as good as the best.

Source: multiple comparisons with the best, and an indifference zone. Choosing the smallest of several
measurements and then comparing with it is biased: the smallest is too small. So any row that may be
the best counts as the best in turn: Hsu, "Constrained simultaneous confidence intervals for multiple
comparisons with the best" (1984). The rows that may be the best are Gupta's subset (1965). The bounds
are Bonferroni's, because rows scatter differently. The margin is the indifference zone of Bechhofer
(1954). A run may be judged after several numbers of passes: each of these interim analyses may spend an
equal part of the error rate, as in the gate.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from concurbench.results.row import Row
from concurbench.results.runs import Run
from concurbench.verdicts.curve import without_sweeps
from concurbench.verdicts.pairs import MARGIN, TIME, Pairs, compare

COSTS = {"cpu": "cpu_seconds", "memory": "peak_memory"}
"""Short names of costs as criteria -> their names as metrics."""

LEVEL = 0.95
"""The probability with which all intervals of a group hold at once."""

ANALYSES = (3, 5, 7)
"""The numbers of passes after which a run is judged. The first is also the least for a verdict: what
differs between processes must show."""


class Verdict(StrEnum):
    AS_GOOD = "as good"
    WORSE = "worse"
    BEYOND = "beyond the bound"
    OPEN = "open"


@dataclass(frozen=True)
class Standing:
    """A row compared with the best: ratios above 1 are worse."""

    row: Row
    verdict: Verdict
    ratio: float
    """Its ratio to the row with the best mean; 1 for that row."""
    low: float
    high: float


@dataclass(frozen=True)
class Choice:
    """The verdict on a group."""

    by: str
    """``time``, or the name of a metric."""
    standings: tuple[Standing, ...]
    """The best first, then by ratio; those beyond the bound last."""
    margin: float = MARGIN

    @property
    def take(self) -> Row | None:
        """The model to take; None if none is certain to be as good as the best."""
        return self.as_good[0] if self.as_good else None

    @property
    def as_good(self) -> list[Row]:
        """The row to take, and those that are as good."""
        return self.having(Verdict.AS_GOOD)

    @property
    def decided(self) -> bool:
        """Whether each row is as good or not."""
        return not self.having(Verdict.OPEN)

    def having(self, verdict: Verdict) -> list[Row]:
        """The rows with this verdict, the best first."""
        return [each.row for each in self.standings if each.verdict is verdict]


def choices(run: Run, by: str | None = None, margin: float = MARGIN) -> dict[str, Choice]:
    """Group -> its verdict, for the groups of a run that have one; rows without a group have none.

    ``by`` is time or a metric, in place of each workload's own criterion. Rows that were measured by it
    in too few passes are left out. A group of a workload that asks what something costs has a verdict
    only with ``by``, and so has one with metrics in a file that does not say what decides. A model with
    several numbers of workers competes with the number that is enough.
    """
    found = {}
    for name, every in without_sweeps(run).groups.items():
        rows = [row for row in every if not row.reference]
        if not name or not rows:
            continue
        workload = run.workloads.get(rows[0].workload or "", {})
        criterion, bound = criterion_of(run, rows, by), workload.get("bound")
        if by is None and (workload.get("cost_question") or not (workload or criterion == TIME)):
            continue
        if by is not None:  # long rounds are not observed, or not in each pass
            rows = [row for row in rows if _passes(row, criterion) >= ANALYSES[0]]
        if by is None and bound is not None:
            choice = choose(rows, TIME, margin, bound=(criterion, bound))
        else:
            choice = choose(rows, criterion, margin)
        if choice:
            found[name] = choice
    return found


def criterion_of(run: Run, rows: Sequence[Row], by: str | None = None) -> str:
    """What decides in the group of these rows: time, or the name of a metric; ``by`` in place of the
    workload's own criterion.

    Files that say nothing of a workload are older than the declarations; its first metric was its
    criterion then, too.
    """
    if by:
        known = {metric.name for row in rows for metric in row.metrics}
        return by if by in known else COSTS.get(by, by)
    workload = rows[0].workload
    if workload and workload not in run.workloads and rows[0].metrics:
        return rows[0].metrics[0].name
    return run.workloads.get(workload or "", {}).get("criterion", TIME)


def choose(
    rows: Sequence[Row],
    by: str = TIME,
    margin: float = MARGIN,
    *,
    bound: tuple[str, float] | None = None,
) -> Choice | None:
    """The verdict on the rows of a group that are choices; None if there is none to be given.

    There is none with fewer than two rows, with too few passes, or where a metric has no ratios.
    ``bound`` is a metric and its largest good value: rows beyond it are left out of the comparison.
    """
    beyond = [row for row in rows if bound and _exceeds(row, *bound)]
    within = [row for row in rows if row not in beyond]
    if len(rows) < 2 or any(_passes(row, by) < ANALYSES[0] for row in rows):
        return None
    if not within:
        assert bound is not None
        return choose(rows, bound[0], margin)
    pairs = compare(within, by)
    if pairs is None or any(pair.passes < ANALYSES[0] for pair in pairs.values()):
        return None  # two rows may have been in different passes
    error_rate = (1 - LEVEL) / len(ANALYSES) / (2 * max(len(within) - 1, 1))
    best = min(within, key=lambda each: _worst(each, within, pairs))
    contenders = _contenders(within, pairs, error_rate) or [best]
    standings = [_standing(row, best, contenders, pairs, error_rate, margin) for row in within]
    standings.sort(key=lambda each: (each.ratio, each.row.id))
    left_out = [
        Standing(row, Verdict.BEYOND, math.nan, math.nan, math.nan)
        for row in sorted(beyond, key=lambda row: _value(row, bound[0] if bound else by))
    ]
    return Choice(by, (*standings, *left_out), margin)


def _standing(
    row: Row, best: Row, contenders: Sequence[Row], pairs: Pairs, error_rate: float, margin: float
) -> Standing:
    def to(other: Row) -> tuple[float, float, float]:
        """The log-ratio of this row to another: its bounds and its mean."""
        if other is row:
            return 0.0, 0.0, 0.0
        pair = pairs[row.id, other.id]
        reach = pair.margin(error_rate)
        return pair.mean - reach, pair.mean + reach, pair.mean

    low = max(0.0, min(to(each)[0] for each in contenders))
    high = max(0.0, max(to(each)[1] for each in contenders))
    ratio = to(best)[2]
    if high <= math.log1p(margin):
        verdict = Verdict.AS_GOOD
    else:
        verdict = Verdict.WORSE if low > 0 else Verdict.OPEN
    return Standing(row, verdict, math.exp(ratio), math.exp(low), math.exp(high))


def _contenders(rows: Sequence[Row], pairs: Pairs, error_rate: float) -> list[Row]:
    """The rows that may be the best: none is better than they beyond its error."""
    return [
        row
        for row in rows
        if all(
            (pair := pairs[row.id, other.id]).mean <= pair.margin(error_rate)
            for other in rows
            if other is not row
        )
    ]


def _worst(row: Row, rows: Sequence[Row], pairs: Pairs) -> float:
    """The log-ratio of a row to the one that it loses to most: 0 or below for the best one."""
    return max((pairs[row.id, other.id].mean for other in rows if other is not row), default=0.0)


def _passes(row: Row, by: str) -> int:
    """The number of passes in which a row was measured by this criterion."""
    return sum(by == TIME or bool(each.metrics.get(by)) for each in row.by_pass)


def _exceeds(row: Row, metric: str, bound: float) -> bool:
    found = row.metric(metric)
    if found is None:
        return False
    return found.median > bound if found.better == "lower" else found.median < bound


def _value(row: Row, metric: str) -> float:
    found = row.metric(metric)
    return found.median if found else math.inf
