"""What a run says about the next one: an interval that claims no more than it can.

A run's figure is the median of its observations, one a pass. If the passes of the next run come from
the same source, all orders of the passes of both runs are equally likely, and the chance that the next
median lies between two of the present observations is a matter of counting: no shape of the
distribution is assumed, which on a machine with two speeds is none that has a name.

Source: prediction intervals by order statistics, as in Hahn and Meeker, *Statistical Intervals*,
chapter 5.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

LEVEL = 0.8
"""As many of the outermost observations are left out as this claim allows."""

FEWEST = 3
"""Observations without which nothing is claimed."""

FEW = 4
"""With fewer rounds than this, quartiles are guesses: the spread is then the whole range."""


@dataclass(frozen=True)
class Interval:
    """From ``low`` to ``high``; the next run's median is claimed to be within, with this chance."""

    low: float
    high: float
    claim: float


def claim(passes: int, left_out: int = 0) -> float:
    """The chance that the median of as many passes again lies within the observations of these, with so
    many of the outermost left out on either side.

    With an even number of passes, where the median lies between two, it is at least that.
    """
    middle = (passes + 1) // 2
    drawn = middle + left_out
    beyond = sum(
        math.comb(passes, theirs) * math.comb(passes, drawn - theirs)
        for theirs in range(middle, min(passes, drawn) + 1)
    ) / math.comb(2 * passes, drawn)
    return max(0.0, 1 - 2 * beyond)


def interval(observations: Sequence[float]) -> Interval | None:
    """What these observations, one a pass, say about the next run's median; None where they are too
    few to say anything."""
    passes = len(observations)
    if passes < FEWEST:
        return None
    out = max((out for out in range((passes - 1) // 2) if claim(passes, out) >= LEVEL), default=0)
    ordered = sorted(observations)
    return Interval(ordered[out], ordered[passes - 1 - out], claim(passes, out))


def spread(values: Sequence[float], passes: int) -> tuple[float, float]:
    """Of the medians of several passes, their interval; of the rounds of a single one, from the first
    to the third quartile. Where there are too few of either, their range."""
    expected = interval(values) if passes > 1 else None
    if expected:
        return expected.low, expected.high
    if len(values) < FEW or passes > 1:
        return min(values), max(values)
    first, _, third = statistics.quantiles(values, n=4, method="inclusive")
    return first, third
