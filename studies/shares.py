"""How certain a share is that was counted."""

from __future__ import annotations

CONFIDENCE = 0.95
"""The level of the interval."""


def confidence(cases: int, of: int) -> tuple[float, float]:
    """The interval of the true share, if the cases were independent; needs scipy.

    Source: Wilson, "Probable inference, the law of succession, and statistical inference" (1927).
    """
    from scipy.stats import binomtest

    found = binomtest(cases, of).proportion_ci(CONFIDENCE, method="wilson")
    return found.low, found.high
