"""The constants of ``concurbench.verdicts.pairs`` that make the observed passes most likely.

The passes of a pair scatter normally around its mean, with the variance of a turn times
``1 / turns + PROCESS``. The variance of a turn is an estimate with ``PRIOR`` degrees of freedom at the
most, so the passes have a multivariate t distribution: Smyth (2004), section 6. The mean is unknown, so
the likelihood is the restricted one. Pairs of a group share rows, so the likelihood says nothing of how
uncertain the constants are.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from itertools import combinations

from concurbench.verdicts import pairs
from concurbench.verdicts.choice import Choice
from studies.verdicts.rules import compared

GRIDS: dict[str, Sequence[float]] = {
    "process": (0, 0.01, 0.02, 0.03, 0.05, 0.07, 0.1, 0.15, 0.2, 0.3, 0.5, 0.7, 1, 1.5, 2, 3),
    "prior": (1, 2, 3, 4, 5, 6, 8, 10, 12, 16, 24, 32),
    "group": (1, 2, 4, 8, 16, 32),
}
"""The values that are tried."""


@dataclass(frozen=True)
class Constants:
    """Named as in ``pairs``."""

    process: float
    prior: float
    group: float


IN_USE = Constants(pairs.PROCESS, pairs.PRIOR, pairs.GROUP)


@dataclass(frozen=True)
class Observation:
    """The passes of one pair in one run."""

    means: Sequence[float]
    """Of each pass, the trimmed mean of its turns."""
    turns: Sequence[int]
    own: float
    """The sum of squares of the turns within their passes."""
    degrees: int
    """Of that sum."""
    usual: float
    """The variance of a turn over all pairs of the group."""

    def likelihood(self, constants: Constants) -> float:
        """The log-likelihood of the means, without what does not depend on the constants."""
        known = self.degrees + constants.group
        a_turn = (self.own + constants.group * self.usual) / known
        prior = 1 / (1 / constants.prior + 1 / known)
        weights = [1 / (1 / turns + constants.process) for turns in self.turns]
        total, free = sum(weights), len(weights) - 1
        mean = sum(w * each for w, each in zip(weights, self.means, strict=True)) / total
        squares = sum(w * (each - mean) ** 2 for w, each in zip(weights, self.means, strict=True))
        return (
            (sum(map(math.log, weights)) - math.log(total)) / 2
            + math.lgamma((prior + free) / 2)
            - math.lgamma(prior / 2)
            - free / 2 * math.log(prior * a_turn)
            - (prior + free) / 2 * math.log1p(squares / (prior * a_turn))
        )


def observations(verdicts: Sequence[Choice]) -> list[Observation]:
    """All pairs of rows of these groups, where rows took turns."""
    found = []
    for choice in verdicts:
        passes = [
            pairs.log_ratios(one, other, choice.by) for one, other in combinations(compared(choice), 2)
        ]
        usual = pairs.usual_scatter(passes)
        found += [_observation(each, usual) for each in passes if usual]
    return found


def fitted(observed: Sequence[Observation]) -> Constants:
    """The constants with the highest likelihood, each from its grid: they are varied one after another,
    until none changes."""
    best, found = IN_USE, -math.inf
    while True:
        before = best
        for name, grid in GRIDS.items():
            for value in grid:
                constants = replace(best, **{name: value})
                likely = sum(each.likelihood(constants) for each in observed)
                if likely > found:
                    best, found = constants, likely
        if best == before:
            return best


def sentence(verdicts: Sequence[Choice]) -> str:
    """The constants in use and the fitted ones."""
    observed = observations(verdicts)
    likely = asdict(fitted(observed)) if observed else {}
    found = (
        f"`{name.upper()}` {value:g} ({format(likely[name], 'g') if likely else '–'})"
        for name, value in asdict(IN_USE).items()
    )
    return f"Constants in use (fitted on the other runs): {', '.join(found)}."


def _observation(passes: Sequence[pairs.Turns], usual: float) -> Observation:
    own, degrees = pairs.scatter(passes)
    return Observation([*map(pairs.trimmed_mean, passes)], [*map(len, passes)], own, degrees, usual)
