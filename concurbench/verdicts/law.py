"""The Universal Scalability Law, fitted to a curve.

The throughput of n workers is X(n) = λ n / (1 + σ (n - 1) + κ n (n - 1)). Contention σ is the share of
the work that one worker does while all others wait. Coherency κ is what each pair of workers costs the
others. Throughput has its peak at sqrt((1 - σ) / κ) workers. Source: Gunther, *Guerrilla Capacity
Planning* (2007), chapters 4 to 6.

The fit is by least squares of the logarithms, so that relative deviations count. Weights follow from
the scatter over the passes. Intervals are those of the profile likelihood, with the variance of the
deviations from the law. No parameter can be negative. A lack-of-fit F test decides whether the law
fits. Source: Bates and Watts, *Nonlinear Regression Analysis and Its Applications* (1988), sections 1.3
and 6.1.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from operator import mul

from concurbench.errors import ConcurbenchError
from concurbench.verdicts.curve import Curve, by_pass, number
from concurbench.verdicts.pairs import MARGIN

MIN_COUNTS = 5
"""Numbers of workers: for three parameters, and two more that can contradict the law."""

LEVEL = 0.95
"""The confidence level of the intervals."""

REJECTED = 0.02
"""The law does not fit if such deviations are less probable than this, given the scatter over the
passes, and one of them exceeds ``MARGIN``: an exact measurement rejects every law."""

FAR_OFF = 0.15
"""Nor does it fit if a number of workers deviates more than this, however much the times scatter."""

PRIOR = 4
"""The weight, in observations, that the scatter at all numbers of workers has in that at one of them:
the scatter of three passes alone would give some numbers far too much weight. Source of the idea:
Smyth, "Linear models and empirical Bayes methods" (2004)."""

LEAST_SCATTER = 1e-4
"""The least relative scatter to assume, so that no weight is infinite."""

ITERATIONS = 50
"""More than enough for two-way means, also if passes are not complete."""


@dataclass(frozen=True)
class Estimate:
    """A parameter and its confidence interval; infinite if there is no bound."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Law:
    """The law that describes a curve best."""

    single: float
    """λ: the throughput of one worker, by the law."""
    contention: Estimate
    coherency: Estimate
    peak: Estimate
    """The number of workers with the highest throughput, at least 1; infinite without coherency."""
    fits: bool
    farthest: int
    """The number of workers that the law describes worst."""
    off: float
    """Its throughput / that of the law - 1."""

    def rate(self, workers: int) -> float:
        """The throughput of this number of workers, by the law."""
        return self.single * math.exp(_shape(workers, self.contention.value, self.coherency.value))


def law(curve: Curve) -> Law | None:
    """The law that describes the curve best; None with fewer than ``MIN_COUNTS`` numbers of workers, or
    fewer than two passes.

    Raises:
        ConcurbenchError: scipy is missing.
    """
    if len(curve.rows) < MIN_COUNTS:
        return None
    rates = {
        number(row): {one: math.log((row.items or 1) / each) for one, each in by_pass(row).items()}
        for row in curve.rows
    }
    freedom = _freedom(rates)
    if freedom < 1:
        return None
    try:
        from scipy.special import fdtrc, fdtri  # optional, and slow to import
    except ImportError:
        raise ConcurbenchError(
            "no scalability law was fitted, because scipy is missing: "
            "pip install 'concurbench[scaling]'"
        ) from None
    points = _points(rates, freedom)
    fit = _Fit(points)
    contention, bent, least = fit.best()
    coherency = fit.coherency(bent)
    free = len(points) - 3
    cutoff = least * (1 + float(fdtri(1, free, LEVEL)) / free) + 1e-9
    by_contention = _interval(fit.at_contention, contention, cutoff)
    by_bent = _interval(fit.at_bent, bent, cutoff)
    # By 1 / peak, which is 0 without a peak.
    inverse = min(1.0, math.sqrt(coherency / (1 - contention)))
    by_inverse = _interval(fit.at_inverse_peak, inverse, cutoff)
    single, _ = fit.level(contention, coherency)
    deviations = {
        each.workers: math.expm1(each.rate - single - _shape(each.workers, contention, coherency))
        for each in points
    }
    farthest = max(deviations, key=lambda workers: abs(deviations[workers]))
    off = abs(deviations[farthest])
    improbable = float(fdtrc(free, freedom, least / free)) < REJECTED
    return Law(
        single=math.exp(single),
        contention=Estimate(contention, *by_contention),
        coherency=Estimate(coherency, fit.coherency(by_bent[0]), fit.coherency(by_bent[1])),
        peak=Estimate(_inverse(inverse), _inverse(by_inverse[1]), _inverse(by_inverse[0])),
        fits=off <= (MARGIN if improbable else FAR_OFF),
        farthest=farthest,
        off=deviations[farthest],
    )


def _shape(workers: int, contention: float, coherency: float) -> float:
    """The logarithm of the law's throughput, compared with that of one worker."""
    others = workers - 1
    return math.log(workers) - math.log1p(contention * others + coherency * workers * others)


def _inverse(value: float) -> float:
    return 1 / value if value else math.inf


Rates = Mapping[int, Mapping[int, float]]
"""Number of workers -> pass -> the logarithm of the throughput."""


@dataclass(frozen=True)
class _Point:
    workers: int
    rate: float
    """The mean logarithm, without what all numbers of workers of a pass have in common."""
    weight: float


def _freedom(rates: Rates) -> int:
    """The degrees of freedom of the scatter over the passes."""
    passes = {one for each in rates.values() for one in each}
    return sum(map(len, rates.values())) - len(rates) - (len(passes) - 1)


def _points(rates: Rates, freedom: int) -> list[_Point]:
    """The points of the curve, from two-way means: a pass shifts all its numbers of workers alike."""
    passes = {one for each in rates.values() for one in each}
    shifts = dict.fromkeys(passes, 0.0)
    means: dict[int, float] = {}
    for _ in range(ITERATIONS):
        means = {
            workers: statistics.fmean(rate - shifts[one] for one, rate in each.items())
            for workers, each in rates.items()
        }
        shifts = {
            one: statistics.fmean(
                each[one] - means[workers] for workers, each in rates.items() if one in each
            )
            for one in passes
        }
        middle = statistics.fmean(shifts.values())
        shifts = {one: shift - middle for one, shift in shifts.items()}
    squares = {
        workers: sum((rate - shifts[one] - means[workers]) ** 2 for one, rate in each.items())
        for workers, each in rates.items()
    }
    usual = sum(squares.values()) / freedom
    larger = sum(map(len, rates.values())) / freedom  # makes up for what the means took away
    points = []
    for workers, each in rates.items():
        variance = (PRIOR * usual + larger * squares[workers]) / (PRIOR + len(each))
        points.append(_Point(workers, means[workers], len(each) / max(variance, LEAST_SCATTER**2)))
    return points


class _Fit:
    """Sums of squares of the points' deviations from the law: the smallest for some parameter.

    Coherency has no upper bound, so it is ``bent`` to the range from 0 to 1.
    """

    def __init__(self, points: Sequence[_Point]) -> None:
        self._weights = [each.weight for each in points]
        self._weight = sum(self._weights)
        # What does not depend on the parameters: the fit calls ``level`` thousands of times.
        self._terms = [
            (each.rate - math.log(each.workers), each.workers - 1, each.workers * (each.workers - 1))
            for each in points
        ]
        self._scale = points[-1].workers ** 2  # coherency times this is about 1

    def coherency(self, bent: float) -> float:
        return bent / (1 - bent) / self._scale if bent < 1 else math.inf

    def level(self, contention: float, coherency: float) -> tuple[float, float]:
        """The logarithm of the λ that fits best, and the sum of squares."""
        rest = [
            rate + math.log1p(contention * others + coherency * pairs)
            for rate, others, pairs in self._terms
        ]
        mean = sum(map(mul, self._weights, rest)) / self._weight
        return mean, sum(
            weight * (one - mean) ** 2 for weight, one in zip(self._weights, rest, strict=True)
        )

    def best(self) -> tuple[float, float, float]:
        """Contention, bent coherency and the sum of squares of the best fit."""
        contention, _ = _least(self.at_contention)
        return (contention, *self._best_bent(contention))

    def at_contention(self, contention: float) -> float:
        return self._best_bent(contention)[1]

    def at_bent(self, bent: float) -> float:
        if bent >= 1:
            return math.inf
        return _least(lambda contention: self.level(contention, self.coherency(bent))[1])[1]

    def at_inverse_peak(self, inverse: float) -> float:
        return _least(lambda contention: self.level(contention, (1 - contention) * inverse**2)[1])[1]

    def _best_bent(self, contention: float) -> tuple[float, float]:
        return _least(lambda bent: self.level(contention, self.coherency(bent))[1])


def _least(function: Callable[[float], float]) -> tuple[float, float]:
    """Where from 0 to 1 the function is smallest, and its value there."""
    from scipy.optimize import minimize_scalar

    found = minimize_scalar(function, bounds=(0.0, 1 - 1e-9), method="bounded", options={"xatol": 1e-6})
    # The method never tries the bounds.
    return min((function(0.0), 0.0), (float(found.fun), float(found.x)))[::-1]


def _interval(profile: Callable[[float], float], at: float, cutoff: float) -> tuple[float, float]:
    """Where from 0 to 1 the profile is below the cutoff, around ``at``."""
    from scipy.optimize import brentq

    def end(bound: float) -> float:
        if profile(bound) <= cutoff:
            return bound
        if profile(at) >= cutoff:
            return at
        return float(brentq(lambda value: min(profile(value), 1e12) - cutoff, at, bound, xtol=1e-7))

    return end(0.0), end(1.0)
