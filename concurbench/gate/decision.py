"""Is a difference significant? Pure functions of log-ratios, one a block; no processes, no files.

A suite is judged at interim analyses, after the numbers of blocks in ``Rules``. At each of them, a row
that is slower than its threshold is flagged, and a row whose interval excludes that is accepted. The
others get more blocks. A flagged row must be slower again in a confirmation with new blocks.

Sources of the rules:

- One observation a block, and a t-test over blocks, because rounds of a process are not independent.
  Kalibera and Jones, "Rigorous benchmarking in reasonable time" (ISMM 2013).
- Each interim analysis may spend an equal part of the error rate. This bounds the overall error rate
  however the analyses are correlated, and intervals at that level hold at all analyses at once.
  Jennison and Turnbull, "Group Sequential Methods" (2000), sections 7.2 and 9.
- Trimmed means: Yuen, "The two-sample trimmed t for unequal population variances" (1974), for one
  sample. An outlier neither moves the mean nor hides what the other blocks agree on.
- Over the rows of a suite: Holm, "A simple sequentially rejective multiple test procedure" (1979).
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from concurbench.verdicts.student import quantile, upper_tail


class Stage(StrEnum):
    FIRST = "first"
    CONFIRMATION = "confirmation"


@dataclass(frozen=True)
class Rules:
    """The constants of the decision. The gate study measured the error rates of the defaults."""

    analyses: Sequence[int] = (8, 12, 16, 24)
    """The numbers of blocks after which an interim analysis is made; the last one is the maximum."""
    confirmation: int = 24
    """The number of new blocks in which a flagged row must be slower again."""
    error_rate: float = 0.1
    """The familywise error rate of the first stage, and of the confirmation. The chance that any row
    without a difference ends as slower is below the product of both."""
    confidence: float = 0.95
    """The confidence level of the intervals in the report."""
    trimmed: float = 0.2
    """The share of blocks that is trimmed at each end."""

    def of(self, stage: Stage) -> Sequence[int]:
        """The numbers of blocks after which a stage is analysed; the last one is its maximum."""
        return self.analyses if stage is Stage.FIRST else (self.confirmation,)


POWER = 0.95
"""The probability with which a slow-down of the detectable size is found and confirmed."""

MIN_BLOCKS = 3
"""With fewer blocks the interval is infinite."""


class Verdict(StrEnum):
    SLOWER = "slower"
    FASTER = "faster"
    UNCHANGED = "unchanged"
    NOT_SHOWN = "not shown"


@dataclass(frozen=True)
class Judgement:
    """The result for a row. Ratios are head / base: above 1 is slower."""

    verdict: Verdict
    threshold: float
    """The smallest change that matters, as a share: 0.05 is 5 %."""
    blocks: int
    ratio: float
    low: float
    high: float
    """The confidence interval of the ratio; it holds at whichever interim analysis was the last."""
    detectable: float
    """The smallest slow-down, as a share, that these blocks would have found with ``POWER``."""
    flagged: bool
    """Whether the first stage flagged the row, so that this is the confirmation's judgement."""


MeasureBlock = Callable[[Stage, Sequence[str]], Mapping[str, float] | None]
"""Measures one more block of these rows. Returns row -> log-ratio, without the rows that could not be
measured, or None if there is no time left for a block."""


RULES = Rules()


def judge(
    thresholds: Mapping[str, float], measure: MeasureBlock, rules: Rules | None = None
) -> dict[str, Judgement]:
    """Measure blocks until every row is decided; return row -> judgement.

    ``thresholds`` is row -> the smallest change that matters, as a share. ``rules`` are ``RULES`` by
    default. A row that could not be measured in every block is left out of the result.
    """
    rules = rules or RULES
    found = _stage(Stage.FIRST, rules, thresholds, measure)
    flagged = {row: thresholds[row] for row in found if found[row].verdict is Verdict.SLOWER}
    confirmed = _stage(Stage.CONFIRMATION, rules, flagged, measure)
    kept = {row: each for row, each in found.items() if row not in flagged}
    found = kept | {row: replace(each, flagged=True) for row, each in confirmed.items()}
    return {row: found[row] for row in thresholds if row in found}


def _stage(
    stage: Stage, rules: Rules, thresholds: Mapping[str, float], measure: MeasureBlock
) -> dict[str, Judgement]:
    analyses, rows = rules.of(stage), len(thresholds)
    # What one analysis may spend: of the error rate, and of the error of the intervals.
    error_rate, alpha = rules.error_rate / len(analyses), (1 - rules.confidence) / len(analyses)
    log_ratios: dict[str, list[float]] = {row: [] for row in thresholds}
    found: dict[str, Judgement] = {}
    active = list(thresholds)
    for block in range(1, analyses[-1] + 1):
        measured = measure(stage, active) if active else None
        if measured is not None:
            for row in [row for row in active if row not in measured]:
                active.remove(row)
                found.pop(row, None)
            for row in active:
                log_ratios[row].append(measured[row])
        if measured is None or block in analyses:
            samples = {row: _Sample(log_ratios[row], rules.trimmed) for row in active}
            for row, sample in samples.items():
                found[row] = _unchanged_or_not_shown(sample, thresholds[row], rows, error_rate, alpha)
            for sign, verdict in ((+1, Verdict.SLOWER), (-1, Verdict.FASTER)):
                undecided = rows - sum(each.verdict is verdict for each in found.values())
                for row in _changed(samples, thresholds, sign, error_rate, undecided):
                    found[row] = replace(found[row], verdict=verdict)
            active = [
                row
                for row, sample in samples.items()
                if found[row].verdict not in (Verdict.SLOWER, Verdict.FASTER)
                and sample.mean + sample.margin(1 - error_rate / 2) >= math.log1p(thresholds[row])
            ]
        if measured is None:
            break
    return found


class _Sample:
    """The log-ratios of a row, one a block, with Yuen's trimmed mean and its standard error.

    ``scipy.stats.mstats.trimmed_mean`` gives the same mean. ``trimmed_stde`` does not give the same
    error: it divides by (1 - 2 * trimmed) * sqrt(blocks), where Yuen counts degrees of freedom, and
    comes out 10 % larger at 24 blocks. The error rates in docs/method.md were measured with Yuen's.
    """

    def __init__(self, log_ratios: Sequence[float], trimmed: float) -> None:
        self.blocks = len(log_ratios)
        cut = int(self.blocks * trimmed)
        kept = sorted(log_ratios)[cut : self.blocks - cut]
        self.mean = statistics.fmean(kept or [0.0])
        self.standard_error, self.degrees = math.inf, 1
        if self.blocks >= MIN_BLOCKS:
            self.degrees = len(kept) - 1
            winsorized = cut * kept[:1] + kept + cut * kept[-1:]
            variance = statistics.variance(winsorized) * (self.blocks - 1) / len(kept) / self.degrees
            # Identical blocks would give 0, which no clock is fine enough for.
            self.standard_error = max(math.sqrt(variance), 1e-9)

    def margin(self, probability: float) -> float:
        """How far the mean is from its one-sided bound at this level."""
        return quantile(self.degrees, probability) * self.standard_error

    def p_value(self, sign: int) -> float:
        """The one-sided p-value: positive ``sign`` for slower, negative for faster."""
        return upper_tail(self.degrees, sign * self.mean / self.standard_error)


def _unchanged_or_not_shown(
    sample: _Sample, threshold: float, rows: int, error_rate: float, alpha: float
) -> Judgement:
    """The judgement of a row among ``rows`` that is neither slower nor faster."""
    bound, margin = math.log1p(threshold), sample.margin(1 - alpha / 2)
    low, high = sample.mean - margin, sample.mean + margin
    flagged_from = max(bound, sample.margin(1 - error_rate / rows))
    return Judgement(
        verdict=Verdict.UNCHANGED if -bound < low and high < bound else Verdict.NOT_SHOWN,
        threshold=threshold,
        blocks=sample.blocks,
        ratio=math.exp(sample.mean),
        low=math.exp(low),
        high=math.exp(high),
        detectable=math.expm1(flagged_from + sample.margin(math.sqrt(POWER))),
        flagged=False,
    )


def _changed(
    samples: Mapping[str, _Sample], thresholds: Mapping[str, float], sign: int, error_rate: float,
    undecided: int,
) -> list[str]:  # fmt: skip
    """The rows that changed significantly in this direction and by more than their threshold, with
    Holm's correction for the number of ``undecided`` rows."""
    p_values = {row: sample.p_value(sign) for row, sample in samples.items()}
    changed = []
    for rank, row in enumerate(sorted(p_values, key=p_values.__getitem__)):
        if p_values[row] > error_rate / (undecided - rank):
            break
        if sign * samples[row].mean > math.log1p(thresholds[row]):
            changed.append(row)
    return changed


def deviation(log_ratios: Sequence[float]) -> float:
    """The standard deviation of a block's log-ratio, estimated from the trimmed mean's standard error;
    infinite with fewer than ``MIN_BLOCKS``."""
    return _Sample(log_ratios, RULES.trimmed).standard_error * math.sqrt(len(log_ratios))


def noise_floor(log_ratios: Sequence[float]) -> float:
    """The smallest useful threshold, as a share: with the maximum number of blocks, the mean of
    identical code stays below it with a probability of 99 %. Infinite with fewer than ``MIN_BLOCKS``.
    """
    more_blocks = RULES.analyses[-1] / len(log_ratios)
    return math.expm1(_Sample(log_ratios, RULES.trimmed).margin(0.99) / math.sqrt(more_blocks))


def blocks_needed(deviation: float, change: float, threshold: float, rows: int) -> int | None:
    """The number of blocks that find ``change``, a share, with ``POWER``; None if 1000 are too few.

    ``deviation`` is the standard deviation of a block's log-ratio, ``rows`` the number of rows that
    are judged together.
    """
    level = 1 - RULES.error_rate / len(RULES.analyses) / rows
    for blocks in range(MIN_BLOCKS, 1001):
        degrees = blocks - 2 * int(blocks * RULES.trimmed) - 1
        error = deviation / math.sqrt(blocks)
        flagged_from = max(math.log1p(threshold), quantile(degrees, level) * error)
        if math.log1p(change) >= flagged_from + quantile(degrees, math.sqrt(POWER)) * error:
            return blocks
    return None
