"""Where a row's time beyond the limit goes, part by part.

A part's loss is the time that is saved when a round does without this part alone. Parts overlap: while
the server answers, the client may compute. So their losses need not add up to the whole, and the rest
may be negative. Each loss comes from the ratios of rounds with and without the part in the same turn.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from concurbench.results.row import Row
from concurbench.verdicts.pairs import Turns, pair_of, turns_of, usual_scatter

LEVEL = 0.95
"""Of the interval of a loss."""


@dataclass(frozen=True)
class Loss:
    """The seconds that a round takes less without a part of its work."""

    part: str
    seconds: float
    low: float
    high: float
    """Both are infinite if there is a single observation."""


def losses(row: Row) -> list[Loss]:
    """The loss of each part that the row was measured without."""
    names = dict.fromkeys(name for each in row.by_pass for name in each.without)
    ratios = {name: _ratios(row, name) for name in names}
    usual = usual_scatter([*ratios.values()])
    return [_loss(row, name, passes, usual) for name, passes in ratios.items()]


def rest(row: Row, found: Iterable[Loss]) -> float | None:
    """The seconds beyond the limit that none of these losses accounts for; negative if parts overlap.
    None without a limit."""
    if row.limit is None:
        return None
    return row.median - row.limit - sum(each.seconds for each in found)


def _ratios(row: Row, part: str) -> list[Turns]:
    """The log-ratios of the turns with the part to those without it, pass by pass."""
    found: list[Turns] = []
    for each in row.by_pass:
        both = zip(turns_of(each), each.without.get(part, ()), strict=False)
        if ratios := [math.log(whole / without) for whole, without in both]:
            found.append(ratios)
    return found


def _loss(row: Row, part: str, passes: list[Turns], usual: float | None) -> Loss:
    pair = pair_of(passes, usual)
    margin = pair.margin((1 - LEVEL) / 2)

    def saved(log_ratio: float) -> float:
        return row.median * (1 - math.exp(-log_ratio))

    if math.isinf(margin):
        return Loss(part, saved(pair.mean), -math.inf, math.inf)
    return Loss(part, saved(pair.mean), saved(pair.mean - margin), saved(pair.mean + margin))
