"""The truth about a group: what many runs say of it together."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, median

from concurbench.results.row import Row
from concurbench.results.runs import WorkloadInfo
from concurbench.verdicts.choice import Choice
from concurbench.verdicts.pairs import TIME, log_ratios, trimmed_mean
from studies.verdicts.rules import rows_of

Ratios = Mapping[tuple[str, str], float]
"""The ids of two rows -> the log-ratio of the first to the second, above 0 if the first is worse."""


@dataclass(frozen=True)
class Observed:
    """What one run says of a group."""

    criterion: str
    """What decides: ``time`` or a metric."""
    ratios: Mapping[str, Ratios]
    """``time`` or a metric -> all ratios by it."""
    excess: Mapping[str, float]
    """Row -> by how much its metric exceeds the bound of the workload, as a share; negative within it,
    and without a bound."""
    bounded: bool
    """Whether the workload has a bound: then rows within it are compared by time."""
    computes: bool
    """Whether its rows compute; else they wait."""


@dataclass(frozen=True)
class Truth:
    """How the rows of a group compare."""

    rows: Collection[str]
    """Those that are compared."""
    ratios: Ratios
    beyond: frozenset[str] = frozenset()
    """Rows that exceed the bound of their workload, and so lose to all others."""

    @property
    def best(self) -> str:
        """The row that no other one beats, or is beaten by least."""
        return min(sorted(self.rows), key=self._worst)

    def behind(self, row: str) -> float:
        """The log-ratio of a row to the best one; infinite beyond the bound."""
        if row in self.beyond:
            return math.inf
        best = self.best
        return 0.0 if row == best else self.ratios[row, best]

    @property
    def gap(self) -> float:
        """The log-ratio of the second row to the best one."""
        best = self.best
        return min((self.ratios[row, best] for row in self.rows if row != best), default=math.inf)

    def _worst(self, row: str) -> float:
        return max((self.ratios[row, other] for other in self.rows if other != row), default=0.0)


def observed(choice: Choice, workload: WorkloadInfo) -> Observed:
    """What one run says of a group of this workload."""
    rows = rows_of(choice)
    criterion, bound = workload.get("criterion", TIME), workload.get("bound")
    needed = {criterion, TIME} if bound is not None else {criterion}
    return Observed(
        criterion,
        {by: _ratios(rows, by) for by in needed},
        {row.id: _excess(row, criterion, bound) for row in rows},
        bound is not None,
        any(row.yardstick for row in rows),
    )


def pooled(runs: Sequence[Observed]) -> Truth:
    """The truth about a group from what several runs say: the median of each ratio."""
    rows = [row for row in runs[0].excess if all(row in each.excess for each in runs)]
    excess = {row: median(each.excess[row] for each in runs) for row in rows}
    beyond = frozenset(row for row, share in excess.items() if share > 0)
    by = TIME if runs[0].bounded else runs[0].criterion
    if len(beyond) == len(rows):
        by, beyond = runs[0].criterion, frozenset()
    within = [row for row in rows if row not in beyond]
    ratios = {
        (one, other): median(each.ratios[by][one, other] for each in runs)
        for one in within
        for other in within
        if one != other
    }
    return Truth(within, ratios, beyond)


def _ratios(rows: Sequence[Row], by: str) -> Ratios:
    """All ratios of one run: the mean over its passes of the turns' trimmed means."""
    found: dict[tuple[str, str], float] = {}
    for number, one in enumerate(rows):
        for other in rows[number + 1 :]:
            ratio = fmean(map(trimmed_mean, log_ratios(one, other, by)))
            found[one.id, other.id], found[other.id, one.id] = ratio, -ratio
    return found


def _excess(row: Row, metric: str, bound: float | None) -> float:
    found = row.metric(metric)
    if found is None or bound is None:
        return -1.0
    excess = found.median / bound - 1
    return -excess if found.better == "higher" else excess
