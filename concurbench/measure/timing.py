"""One reading of a small work: the median of a few repeats, within a few milliseconds."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

BUDGET = 0.004
"""Seconds after which no further repeat begins."""


def median_of(
    most: int, work: Callable[[], object], clock: Callable[[], float] = time.perf_counter
) -> float:
    """The seconds that ``work`` takes: the median of as many repeats as fit into the budget, at least
    one, at most so many."""
    taken: list[float] = []
    while len(taken) < most and sum(taken) < BUDGET:
        start = clock()
        work()
        taken.append(clock() - start)
    return statistics.median(taken)
