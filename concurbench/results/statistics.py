"""Prediction intervals: where the next run's median falls, and how often that is true.

A run's figure is the median of its observations, one per pass. If the next run's passes come from the
same source, all orders of the passes of both runs are equally likely. The chance that the next median
lies between two of the present observations then follows by counting, for any distribution.

Source: prediction intervals by order statistics, as in Hahn and Meeker, *Statistical Intervals*,
chapter 5.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

LEVEL = 0.8
"""The least chance to claim when outermost observations are left out."""

MIN_OBSERVATIONS = 3
"""With fewer observations there is no interval."""

MIN_QUARTILES = 4
"""With fewer rounds, quartiles would be guesses: the spread is then the range."""


@dataclass(frozen=True)
class Interval:
    """The next run's median falls between ``low`` and ``high`` with the chance ``claim``."""

    low: float
    high: float
    claim: float


def claim(passes: int, left_out: int = 0) -> float:
    """The chance that the next run's median falls within the observations of this one.

    Both runs have as many ``passes``; ``left_out`` observations are left out at either end. With an
    even number of passes, the chance is at least what this returns.
    """
    middle = (passes + 1) // 2
    drawn = middle + left_out
    beyond = sum(
        math.comb(passes, theirs) * math.comb(passes, drawn - theirs)
        for theirs in range(middle, min(passes, drawn) + 1)
    ) / math.comb(2 * passes, drawn)
    return max(0.0, 1 - 2 * beyond)


def interval(observations: Sequence[float]) -> Interval | None:
    """The prediction interval from observations, one per pass; None with fewer than
    ``MIN_OBSERVATIONS``."""
    passes = len(observations)
    if passes < MIN_OBSERVATIONS:
        return None
    out = max((out for out in range((passes - 1) // 2) if claim(passes, out) >= LEVEL), default=0)
    ordered = sorted(observations)
    return Interval(ordered[out], ordered[passes - 1 - out], claim(passes, out))


def spread(values: Sequence[float], passes: int) -> tuple[float, float]:
    """The prediction interval of several passes' medians, or the quartiles of a single pass's rounds;
    the range if there are too few of either."""
    expected = interval(values) if passes > 1 else None
    if expected:
        return expected.low, expected.high
    if len(values) < MIN_QUARTILES or passes > 1:
        return min(values), max(values)
    first, _, third = statistics.quantiles(values, n=4, method="inclusive")
    return first, third


def known_median(values: Sequence[float | None]) -> float | None:
    """The median of the values that are not None; None if all are."""
    known = [value for value in values if value is not None]
    return statistics.median(known) if known else None


def medians(mappings: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """Name -> the median of its values in these mappings, which need not have all names."""
    names = dict.fromkeys(name for each in mappings for name in each)
    return {name: statistics.median(each[name] for each in mappings if name in each) for name in names}
