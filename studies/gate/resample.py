"""Draws many gates from recorded blocks, and judges them with the gate's own decision code."""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, median

from concurbench.gate.decision import RULES, Rules, Stage, Verdict, judge

Observed = Mapping[str, float]
"""One block: row -> log-ratio."""

Change = Callable[[random.Random, str, float], float]
"""Modifies a row's log-ratio, to simulate a slow-down."""


@dataclass(frozen=True)
class Draws:
    """The results of many suites, drawn from recorded blocks."""

    red: int
    """The number of suites with a row found slower."""
    blocks: Sequence[int]
    """The number of blocks of each suite, including its confirmation."""
    found: Mapping[str, int]
    """Row -> how often it was found slower."""

    @property
    def typical(self) -> tuple[float, float]:
        """The median and the 95th percentile of the number of blocks."""
        ordered = sorted(self.blocks)
        return median(ordered), ordered[math.ceil(0.95 * len(ordered)) - 1]


def draw(
    blocks: Sequence[Observed], threshold: float, suites: int, rules: Rules = RULES,
    change: Change = lambda _, __, ratio: ratio, seed: int = 0,
) -> Draws:  # fmt: skip
    """Run gates over blocks drawn with replacement, all rows of a block together."""
    chance = random.Random(seed)
    counts, found = [], []
    for _ in range(suites):
        taken = 0

        def take(stage: Stage, rows: Sequence[str]) -> Observed:
            nonlocal taken
            taken += 1
            block = chance.choice(blocks)
            return {row: change(chance, row, block[row]) for row in rows}

        verdicts = judge(dict.fromkeys(blocks[0], threshold), take, rules)
        found.append([row for row, each in verdicts.items() if each.verdict is Verdict.SLOWER])
        counts.append(taken)
    slower = Counter(row for rows in found for row in rows)
    return Draws(sum(map(bool, found)), counts, {row: slower[row] for row in blocks[0]})


def power(
    blocks: Sequence[Observed], threshold: float, suites: int, slowed: Change, rules: Rules = RULES
) -> dict[str, float]:
    """Row -> how often it is found slower when only this row is slowed down."""
    shares = {}
    for row in blocks[0]:

        def change(chance: random.Random, each: str, ratio: float, row: str = row) -> float:
            return slowed(chance, each, ratio) if each == row else ratio

        shares[row] = draw(blocks, threshold, suites, rules, change).found[row] / suites
    return shares


def slower_by(share: float) -> Change:
    """A change that adds a slow-down of this share."""
    return lambda _, __, ratio: ratio + math.log1p(share)


def replaced_by(blocks: Sequence[Observed]) -> Change:
    """A change that draws the log-ratio from blocks in which the row really was slowed down."""
    return lambda chance, row, _: chance.choice(blocks)[row]


def single(blocks: Sequence[Observed], threshold: float) -> float:
    """The share of suites with a row above the threshold, if a single block decided."""
    bound = math.log1p(threshold)
    return fmean(any(ratio > bound for ratio in block.values()) for block in blocks)
