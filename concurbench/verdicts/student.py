"""Student's t distribution, for whole degrees of freedom.

``scipy.stats.t`` gives the same numbers, but scipy is too large for every environment that shows a
table. For whole degrees of freedom the distribution function is a finite sum: Abramowitz and Stegun,
*Handbook of Mathematical Functions*, 26.7.3 and 26.7.4.
"""

from __future__ import annotations

import functools
import math

HIGHEST = 1e6
"""No quantile is searched beyond this."""

PRECISION = 1e-12
"""Relative to the quantile."""


def upper_tail(degrees: int, t: float) -> float:
    """The probability of a value above ``t`` with this many degrees of freedom."""
    if t < 0:
        return 1.0 - upper_tail(degrees, -t)
    angle = math.atan2(t, math.sqrt(degrees))
    sine, cosine = math.sin(angle), math.cos(angle)
    odd = degrees % 2
    term, total = (cosine, cosine if degrees > 1 else 0.0) if odd else (1.0, 1.0)
    for number in range(2 + odd, degrees, 2):
        term *= cosine * cosine * (number - 1) / number
        total += term
    within = (angle + sine * total) * 2 / math.pi if odd else sine * total
    return max(0.0, (1.0 - within) / 2)


@functools.cache
def quantile(degrees: int, probability: float) -> float:
    """The value that is not exceeded with this probability, which is above 0 and below 1."""
    if probability < 0.5:
        return -quantile(degrees, 1.0 - probability)
    low, high = 0.0, HIGHEST
    while high - low > PRECISION * max(1.0, low):
        middle = (low + high) / 2
        if upper_tail(degrees, middle) > 1.0 - probability:
            low = middle
        else:
            high = middle
    return (low + high) / 2
