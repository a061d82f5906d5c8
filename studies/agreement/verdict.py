"""Do two timers agree? Pure functions of ratios, one a pair."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

CONFIDENCE = 0.95


class Verdict(StrEnum):
    AGREES = "agrees"
    DIFFERS = "differs"
    NOT_SHOWN = "not shown"


@dataclass(frozen=True)
class Judgement:
    """What was found of a row; ratios are concurbench's time over pyperf's."""

    verdict: Verdict
    pairs: int
    ratio: float
    """The median."""
    low: float
    high: float
    """Its interval."""


def judge(ratios: Sequence[float], within: float) -> Judgement:
    """Whether all that the median may be is so near to one, or nothing of it."""
    low, high = interval(ratios)
    if low >= 1 - within and high <= 1 + within:
        verdict = Verdict.AGREES
    elif high < 1 - within or low > 1 + within:
        verdict = Verdict.DIFFERS
    else:
        verdict = Verdict.NOT_SHOWN
    return Judgement(verdict, len(ratios), statistics.median(ratios), low, high)


def interval(values: Sequence[float]) -> tuple[float, float]:
    """Where the median is, whatever the distribution; anywhere, if there are too few.

    From the k-th value to the k-th last, in order: the median is outside only if fewer than k of them
    fell on one of its sides, as heads of a fair coin do.
    """
    k, miss = 0, math.comb(len(values), 0) * 2
    while miss <= (1 - CONFIDENCE) * 2 ** len(values):
        k += 1
        miss += math.comb(len(values), k) * 2
    if k == 0:
        return 0.0, math.inf
    ordered = sorted(values)
    return ordered[k - 1], ordered[-k]
