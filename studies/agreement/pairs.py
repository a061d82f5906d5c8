"""Pairs of observations, one by each timer, that take turns in coming first."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from studies.agreement.rows import Row


@dataclass(frozen=True)
class Observed:
    """What a fresh process of concurbench has measured of a row."""

    seconds: tuple[float, ...]
    """Of each timed round, in order."""
    workers: int


@dataclass(frozen=True)
class Pair:
    """A row seen by both timers, one right after the other; in seconds, round by round."""

    row: str
    first: str
    """The timer that came first."""
    concurbench: tuple[float, ...]
    pyperf: tuple[float, ...]

    @property
    def medians(self) -> tuple[float, float]:
        """Concurbench's and pyperf's, of as many rounds of the one as of the other."""
        rounds = min(len(self.concurbench), len(self.pyperf))
        return statistics.median(self.concurbench[:rounds]), statistics.median(self.pyperf[:rounds])

    @property
    def ratio(self) -> float:
        """Concurbench's time over pyperf's."""
        concurbench, pyperf = self.medians
        return concurbench / pyperf


def take(
    rows: Sequence[Row],
    number: int,
    concurbench: Callable[[Row], Observed],
    pyperf: Callable[[Row, Observed], tuple[float, ...]],
) -> Iterator[Pair]:
    """So many pairs of each row, a pair of every row before the next of any: a slow minute is nobody's
    alone. ``pyperf`` is told what concurbench did last, to do as much."""
    last: dict[Row, Observed] = {}
    for turn in range(number):
        for row in rows:
            if turn % 2 == 0:
                last[row] = concurbench(row)
                seconds = pyperf(row, last[row])
            else:
                seconds = pyperf(row, last[row])
                last[row] = concurbench(row)
            first = "pyperf" if turn % 2 else "concurbench"
            yield Pair(row.name, first, last[row].seconds, seconds)
