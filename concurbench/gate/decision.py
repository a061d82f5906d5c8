"""When is a difference shown? Pure functions of log-ratios, one a block; nothing here runs anything.

The rows of a suite are looked at after so many blocks as ``Rules`` say. At each look a row is flagged
that got slower beyond its threshold, and one is done with that cannot have; only the others need more
blocks. What was flagged must show once more, in blocks of its own.

Sources of the rules:

- one observation a block, a t-test over blocks: rounds in a process are not independent. Kalibera and
  Jones, "Rigorous benchmarking in reasonable time" (ISMM 2013).
- the error is spent in equal parts over the looks, which keeps it below its bound whatever the looks
  have in common; intervals with that level hold at all looks at once. Jennison and Turnbull, "Group
  Sequential Methods" (2000), sections 7.2 and 9.
- trimmed means: Yuen, "The two-sample trimmed t for unequal population variances" (1974), for one
  sample; a block far off neither moves the mean nor hides what the others agree on.
- over rows: Holm, "A simple sequentially rejective multiple test procedure" (1979).
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
    """The constants of the decision. Those shipped were fixed, and proven, by ``make gate-study``."""

    looks: Sequence[int] = (8, 12, 16, 24)
    """The numbers of blocks after which rows are judged."""
    confirmation: int = 24
    """Blocks of its own in which a slower row must show again."""
    error: float = 0.1
    """The error rate of a suite, of the first stage and of the confirmation each: the chance that any
    row without a difference is found slower is below their product."""
    confidence: float = 0.95
    """Of the intervals that are shown."""
    trimmed: float = 0.2
    """The share of blocks that is left out at each end: now and then one is far off."""

    def most_blocks(self, stage: Stage) -> int:
        """How many blocks a stage takes at most."""
        return self.looks[-1] if stage is Stage.FIRST else self.confirmation


POWER = 0.95
"""The chance with which a run would have found the change that it could have seen, and confirmed it."""

FEWEST = 3
"""Blocks without which there is no interval to speak of."""


class Verdict(StrEnum):
    SLOWER = "slower"
    FASTER = "faster"
    UNCHANGED = "unchanged"
    NOT_SHOWN = "not shown"


@dataclass(frozen=True)
class Judgement:
    """What was found of a row. Ratios are head / base: above 1 is slower."""

    verdict: Verdict
    threshold: float
    """The change that matters, as a share: 0.05 is 5 %."""
    blocks: int
    ratio: float
    low: float
    high: float
    """The 95 % interval of the ratio, at whichever look the row was done with."""
    sees: float
    """The smallest slow-down, as a share, that these blocks would have found with ``POWER``."""
    flagged: bool
    """Whether the first stage found it slower, so that this is the confirmation's judgement."""


Take = Callable[[Stage, Sequence[str]], Mapping[str, float] | None]
"""One more block of these rows: row -> log-ratio, without rows that could not be measured; None if
there is no time for one."""


RULES = Rules()


def judge(thresholds: Mapping[str, float], take: Take, rules: Rules = RULES) -> dict[str, Judgement]:
    """Take blocks of these rows until all is clear, and judge each row.

    ``thresholds`` is row -> the change that matters. A row that could not be measured in every block
    asked for is missing in what is returned.
    """
    found = _stage(Stage.FIRST, rules.looks, rules, thresholds, take)
    flagged = [row for row, judgement in found.items() if judgement.verdict is Verdict.SLOWER]
    if flagged:
        again = {row: thresholds[row] for row in flagged}
        confirmed = _stage(Stage.CONFIRMATION, (rules.confirmation,), rules, again, take)
        for row in flagged:
            del found[row]
        found |= {row: replace(judgement, flagged=True) for row, judgement in confirmed.items()}
    return {row: found[row] for row in thresholds if row in found}


def _stage(
    stage: Stage, looks: Sequence[int], rules: Rules, thresholds: Mapping[str, float], take: Take
) -> dict[str, Judgement]:
    samples: dict[str, list[float]] = {row: [] for row in thresholds}
    error = rules.error / len(looks)
    miss = (1 - rules.confidence) / len(looks)
    found: dict[str, Judgement] = {}
    shown = {Verdict.SLOWER: 0, Verdict.FASTER: 0}
    active = list(thresholds)
    for block in range(1, looks[-1] + 1):
        taken = take(stage, active)
        if taken is not None:
            for row in [row for row in active if row not in taken]:
                active.remove(row)
                found.pop(row, None)
            for row in active:
                samples[row].append(taken[row])
        if taken is None or block in looks:
            rows = {
                row: _Sample(samples[row], thresholds[row], len(thresholds), error, miss, rules.trimmed)
                for row in active
            }
            found |= {row: sample.judgement() for row, sample in rows.items()}
            for verdict in shown:
                for row in _shown(rows, verdict, len(thresholds) - shown[verdict]):
                    found[row] = replace(found[row], verdict=verdict)
                    shown[verdict] += 1
            changed = {row for row in active if found[row].verdict in shown}
            active = [row for row in active if row not in changed and not rows[row].cannot_be_slower]
        if taken is None or not active:
            break
    return found


@dataclass(frozen=True)
class _Sample:
    """The log-ratios of a row's blocks, with the level they are looked at."""

    log_ratios: Sequence[float]
    threshold: float
    rows: int
    """How many are judged together."""
    error: float
    """The part of the error that this look may spend."""
    miss: float
    """The part of the intervals' that this look may spend."""
    trimmed: float

    @property
    def blocks(self) -> int:
        return len(self.log_ratios)

    @property
    def enough(self) -> bool:
        return self.blocks >= FEWEST

    @property
    def cut(self) -> int:
        """How many blocks are left out at each end."""
        return int(self.blocks * self.trimmed)

    @property
    def kept(self) -> int:
        return self.blocks - 2 * self.cut

    @functools.cached_property
    def mean(self) -> float:
        middle = sorted(self.log_ratios)[self.cut : self.cut + self.kept]
        return statistics.fmean(middle) if middle else 0.0

    @functools.cached_property
    def standard_error(self) -> float:
        """Of the trimmed mean, from the winsorized variance."""
        ordered = sorted(self.log_ratios)
        low, high = ordered[self.cut], ordered[-self.cut - 1]
        variance = statistics.variance(min(max(each, low), high) for each in ordered)
        error = math.sqrt(variance * (self.blocks - 1) / self.kept / (self.kept - 1))
        # Blocks without any difference are too good to be true: no clock is that fine.
        return max(error, 1e-9)

    def quantile(self, probability: float) -> float:
        """Of Student's t, for so many blocks."""
        return _quantile(self.kept - 1, probability)

    def p_value(self, sign: int) -> float:
        """The chance of such a mean, or one further out on the sign's side, without a difference."""
        return float(stdtr(self.kept - 1, -sign * self.mean / self.standard_error))

    @property
    def interval(self) -> tuple[float, float]:
        margin = self.quantile(1 - self.miss / 2) * self.standard_error
        return self.mean - margin, self.mean + margin

    @property
    def bound(self) -> float:
        return math.log1p(self.threshold)

    @property
    def cannot_be_slower(self) -> bool:
        """Whether a slow-down beyond the threshold is excluded."""
        if not self.enough:
            return False
        margin = self.quantile(1 - self.error / 2) * self.standard_error
        return self.mean + margin < self.bound

    @property
    def sees(self) -> float:
        t = self.quantile
        needed = max(self.bound, t(1 - self.error / self.rows) * self.standard_error)
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
            sees=self.sees,
            flagged=False,
        )


@functools.cache
def _quantile(degrees: int, probability: float) -> float:
    return float(stdtrit(degrees, probability))


def _shown(rows: Mapping[str, _Sample], verdict: Verdict, undecided: int) -> list[str]:
    """The rows that changed in this direction, by more than their threshold, with Holm's correction
    for so many rows as are ``undecided``."""
    sign = +1 if verdict is Verdict.SLOWER else -1
    p_values = {row: sample.p_value(sign) for row, sample in rows.items() if sample.enough}
    changed = []
    for rank, row in enumerate(sorted(p_values, key=p_values.__getitem__)):
        if p_values[row] > rows[row].error / (undecided - rank):
            break
        if sign * rows[row].mean > rows[row].bound:
            changed.append(row)
    return changed


def deviation(log_ratios: Sequence[float]) -> float:
    """What a block's log-ratio scatters by: the standard error of so many, times their square root.

    Raises:
        ValueError: there are fewer than ``FEWEST``.
    """
    sample = _Sample(log_ratios, 0.0, 1, RULES.error, RULES.error, RULES.trimmed)
    if not sample.enough:
        raise ValueError(f"{sample.blocks} blocks are too few: at least {FEWEST}")
    return sample.standard_error * math.sqrt(sample.blocks)


def noise_floor(log_ratios: Sequence[float]) -> float:
    """The change, as a share, that blocks of identical code like these stay below with a chance of
    99 %, when as many are taken as a row gets at most: no threshold below makes sense.

    Raises:
        ValueError: there are fewer than ``FEWEST``.
    """
    error = deviation(log_ratios) / math.sqrt(RULES.looks[-1])
    return math.expm1(float(stdtrit(_kept(len(log_ratios)) - 1, 0.99)) * error)


def blocks_needed(deviation: float, change: float, threshold: float, rows: int) -> int | None:
    """How many blocks find this change, as a share, with ``POWER``; None if no number up to a thousand.

    ``deviation`` is what a block's log-ratio scatters by, ``rows`` how many are judged together.
    """
    for blocks in range(FEWEST, 1001):
        error = deviation / math.sqrt(blocks)
        levels = [1 - RULES.error / len(RULES.looks) / rows, math.sqrt(POWER)]
        t = stdtrit(_kept(blocks) - 1, levels)
        if math.log1p(change) >= max(math.log1p(threshold), t[0] * error) + t[1] * error:
            return blocks
    return None


def _kept(blocks: int) -> int:
    return blocks - 2 * int(blocks * RULES.trimmed)
