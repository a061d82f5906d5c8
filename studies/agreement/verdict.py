"""Do two timers agree? Pure functions of the ratios of pairs."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

CONFIDENCE = 0.95


class AgreementVerdict(StrEnum):
    AGREES = "agrees"
    DIFFERS = "differs"
    NOT_SHOWN = "not shown"


@dataclass(frozen=True)
class AgreementJudgement:
    """The result for a row; ratios are concurbench's time over pyperf's."""

    verdict: AgreementVerdict
    pairs: int
    ratio: float
    """The median."""
    low: float
    high: float
    """The confidence interval of the median."""


def judge(ratios: Sequence[float], within: float) -> AgreementJudgement:
    """Agreement if the whole interval of the median is within ``within`` of one, difference if it is
    wholly outside, and otherwise no answer."""
    low, high = interval(ratios)
    if low >= 1 - within and high <= 1 + within:
        verdict = AgreementVerdict.AGREES
    elif high < 1 - within or low > 1 + within:
        verdict = AgreementVerdict.DIFFERS
    else:
        verdict = AgreementVerdict.NOT_SHOWN
    return AgreementJudgement(verdict, len(ratios), statistics.median(ratios), low, high)


def interval(values: Sequence[float]) -> tuple[float, float]:
    """The confidence interval of the median, for any distribution; unbounded with too few values.

    It goes from the k-th smallest to the k-th largest value: the median lies outside only if fewer than
    k values fall on one of its sides, each with probability 1/2 (the sign test's interval).
    """
    k, miss = 0, math.comb(len(values), 0) * 2
    while miss <= (1 - CONFIDENCE) * 2 ** len(values):
        k += 1
        miss += math.comb(len(values), k) * 2
    if k == 0:
        return 0.0, math.inf
    ordered = sorted(values)
    return ordered[k - 1], ordered[-k]
