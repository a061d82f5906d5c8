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

import functools
import math
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from scipy.special import stdtr, stdtrit


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

    def max_blocks(self, stage: Stage) -> int:
        """The maximum number of blocks of a stage."""
        return self.analyses[-1] if stage is Stage.FIRST else self.confirmation


POWER = 0.95
"""The probability with which a slow-down of the detectable size is found and confirmed."""

MIN_BLOCKS = 3
"""With fewer blocks there is no interval."""


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
    found = _stage(Stage.FIRST, rules.analyses, rules, thresholds, measure)
    flagged = [row for row, judgement in found.items() if judgement.verdict is Verdict.SLOWER]
    if flagged:
        again = {row: thresholds[row] for row in flagged}
        confirmed = _stage(Stage.CONFIRMATION, (rules.confirmation,), rules, again, measure)
        for row in flagged:
            del found[row]
        found |= {row: replace(judgement, flagged=True) for row, judgement in confirmed.items()}
    return {row: found[row] for row in thresholds if row in found}


def _stage(
    stage: Stage,
    analyses: Sequence[int],
    rules: Rules,
    thresholds: Mapping[str, float],
    measure: MeasureBlock,
) -> dict[str, Judgement]:
    log_ratios: dict[str, list[float]] = {row: [] for row in thresholds}
    error_rate = rules.error_rate / len(analyses)
    alpha = (1 - rules.confidence) / len(analyses)
    found: dict[str, Judgement] = {}
    decided = {Verdict.SLOWER: 0, Verdict.FASTER: 0}
    active = list(thresholds)
    for block in range(1, analyses[-1] + 1):
        measured = measure(stage, active)
        if measured is not None:
            for row in [row for row in active if row not in measured]:
                active.remove(row)
                found.pop(row, None)
            for row in active:
                log_ratios[row].append(measured[row])
        if measured is None or block in analyses:
            samples = {
                row: _Sample(
                    log_ratios[row], thresholds[row], len(thresholds), error_rate, alpha, rules.trimmed
                )
                for row in active
            }
            found |= {row: sample.judgement() for row, sample in samples.items()}
            for verdict in decided:
                for row in _changed(samples, verdict, len(thresholds) - decided[verdict]):
                    found[row] = replace(found[row], verdict=verdict)
                    decided[verdict] += 1
            changed = {row for row in active if found[row].verdict in decided}
            active = [r for r in active if r not in changed and not samples[r].cannot_be_slower]
        if measured is None or not active:
            break
    return found


@dataclass(frozen=True)
class _Sample:
    """The log-ratios of a row, one a block, at an interim analysis.

    Mean and standard error are Yuen's. ``scipy.stats.mstats.trimmed_mean`` gives the same mean.
    ``trimmed_stde`` does not give the same error: it divides by (1 - 2 * trimmed) * sqrt(blocks), where
    Yuen counts degrees of freedom, and comes out 10 % larger at 24 blocks. The error rates in
    docs/method.md were measured with Yuen's.
    """

    log_ratios: Sequence[float]
    threshold: float
    rows: int
    """The number of rows that are judged together."""
    error_rate: float
    """The part of the error rate that this analysis may spend."""
    alpha: float
    """The part of the intervals' error that this analysis may spend."""
    trimmed: float

    @property
    def blocks(self) -> int:
        return len(self.log_ratios)

    @property
    def enough(self) -> bool:
        return self.blocks >= MIN_BLOCKS

    @property
    def cut(self) -> int:
        """The number of blocks that are trimmed at each end."""
        return int(self.blocks * self.trimmed)

    @property
    def kept(self) -> int:
        return self.blocks - 2 * self.cut

    @functools.cached_property
    def mean(self) -> float:
        """The trimmed mean."""
        middle = sorted(self.log_ratios)[self.cut : self.cut + self.kept]
        return statistics.fmean(middle) if middle else 0.0

    @functools.cached_property
    def standard_error(self) -> float:
        """The standard error of the trimmed mean, from the winsorized variance."""
        ordered = sorted(self.log_ratios)
        low, high = ordered[self.cut], ordered[-self.cut - 1]
        variance = statistics.variance(min(max(each, low), high) for each in ordered)
        error = math.sqrt(variance * (self.blocks - 1) / self.kept / (self.kept - 1))
        # Identical blocks would give 0, which no clock is fine enough for.
        return max(error, 1e-9)

    def quantile(self, probability: float) -> float:
        """The quantile of Student's t with this sample's degrees of freedom."""
        return _quantile(self.kept - 1, probability)

    def p_value(self, sign: int) -> float:
        """The one-sided p-value: positive ``sign`` for slower, negative for faster."""
        return float(stdtr(self.kept - 1, -sign * self.mean / self.standard_error))

    @property
    def interval(self) -> tuple[float, float]:
        margin = self.quantile(1 - self.alpha / 2) * self.standard_error
        return self.mean - margin, self.mean + margin

    @property
    def bound(self) -> float:
        """The threshold as a log-ratio."""
        return math.log1p(self.threshold)

    @property
    def cannot_be_slower(self) -> bool:
        """Whether a slow-down beyond the threshold is excluded."""
        if not self.enough:
            return False
        margin = self.quantile(1 - self.error_rate / 2) * self.standard_error
        return self.mean + margin < self.bound

    @property
    def detectable(self) -> float:
        t = self.quantile
        needed = max(self.bound, t(1 - self.error_rate / self.rows) * self.standard_error)
        return math.expm1(needed + t(math.sqrt(POWER)) * self.standard_error)

    def judgement(self) -> Judgement:
        blocks, ratio = self.blocks, math.exp(self.mean)
        if not self.enough:
            return Judgement(
                Verdict.NOT_SHOWN, self.threshold, blocks, ratio, 0.0, math.inf, math.inf, flagged=False
            )
        low, high = self.interval
        inside = -self.bound < low and high < self.bound
        return Judgement(
            verdict=Verdict.UNCHANGED if inside else Verdict.NOT_SHOWN,
            threshold=self.threshold,
            blocks=blocks,
            ratio=ratio,
            low=math.exp(low),
            high=math.exp(high),
            detectable=self.detectable,
            flagged=False,
        )


@functools.cache
def _quantile(degrees: int, probability: float) -> float:
    return float(stdtrit(degrees, probability))


def _changed(samples: Mapping[str, _Sample], verdict: Verdict, undecided: int) -> list[str]:
    """The rows that changed significantly in this direction and by more than their threshold, with
    Holm's correction for the number of ``undecided`` rows."""
    sign = +1 if verdict is Verdict.SLOWER else -1
    p_values = {row: sample.p_value(sign) for row, sample in samples.items() if sample.enough}
    changed = []
    for rank, row in enumerate(sorted(p_values, key=p_values.__getitem__)):
        if p_values[row] > samples[row].error_rate / (undecided - rank):
            break
        if sign * samples[row].mean > samples[row].bound:
            changed.append(row)
    return changed


def deviation(log_ratios: Sequence[float]) -> float:
    """The standard deviation of a block's log-ratio, estimated from the trimmed mean's standard error.

    Raises:
        ValueError: there are fewer than ``MIN_BLOCKS``.
    """
    sample = _Sample(log_ratios, 0.0, 1, RULES.error_rate, RULES.error_rate, RULES.trimmed)
    if not sample.enough:
        raise ValueError(f"{sample.blocks} blocks are too few: at least {MIN_BLOCKS}")
    return sample.standard_error * math.sqrt(sample.blocks)


def noise_floor(log_ratios: Sequence[float]) -> float:
    """The smallest useful threshold, as a share: with the maximum number of blocks, the mean of
    identical code stays below it with a probability of 99 %.

    Raises:
        ValueError: there are fewer than ``MIN_BLOCKS``.
    """
    error = deviation(log_ratios) / math.sqrt(RULES.analyses[-1])
    return math.expm1(float(stdtrit(_kept(len(log_ratios)) - 1, 0.99)) * error)


def blocks_needed(deviation: float, change: float, threshold: float, rows: int) -> int | None:
    """The number of blocks that find ``change``, a share, with ``POWER``; None if 1000 are too few.

    ``deviation`` is the standard deviation of a block's log-ratio, ``rows`` the number of rows that
    are judged together.
    """
    for blocks in range(MIN_BLOCKS, 1001):
        error = deviation / math.sqrt(blocks)
        levels = [1 - RULES.error_rate / len(RULES.analyses) / rows, math.sqrt(POWER)]
        t = stdtrit(_kept(blocks) - 1, levels)
        if math.log1p(change) >= max(math.log1p(threshold), t[0] * error) + t[1] * error:
            return blocks
    return None


def _kept(blocks: int) -> int:
    return blocks - 2 * int(blocks * RULES.trimmed)
