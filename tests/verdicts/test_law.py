"""The Universal Scalability Law: its parameters, their intervals, and curves that do not follow it."""

from __future__ import annotations

import math
import random
import sys
from dataclasses import replace

import pytest

from concurbench.errors import ConcurbenchError
from concurbench.results.row import Pass, Row
from concurbench.verdicts.curve import Curve
from concurbench.verdicts.law import Law, law
from studies.curves import COUNTS, TRUTHS, Truth, lawful

WAVES, CORES = TRUTHS[-2:]


def measured(truth: Truth, passes: int = 5, scatter: float = 0.001) -> Curve:
    """A sweep of this truth; ``scatter`` is relative."""
    source = random.Random(7)
    rows = []
    for workers in truth.counts:
        times = tuple(math.exp(source.gauss(0, scatter)) / truth.rate(workers) for _ in range(passes))
        by_pass = tuple(Pass(number, (time,)) for number, time in enumerate(times, start=1))
        rows.append(Row(f"m-{workers}", "g", "m", times, workers=workers, by_pass=by_pass))
    return Curve("m", tuple(rows))


def fitted(truth: Truth, passes: int = 5, scatter: float = 0.001) -> Law:
    found = law(measured(truth, passes, scatter))
    assert found is not None
    return found


def test_the_law_finds_the_parameters_that_a_curve_was_made_with() -> None:
    found = fitted(lawful(0.03, 0.0005))
    assert found.fits
    assert found.contention.value == pytest.approx(0.03, rel=0.2)
    assert found.coherency.value == pytest.approx(0.0005, rel=0.2)
    assert found.peak.value == pytest.approx(math.sqrt(0.97 / 0.0005), rel=0.1)
    for each in (found.contention, found.coherency, found.peak):
        assert each.low <= each.value <= each.high
    assert found.contention.low > 0


def test_the_peak_is_that_of_the_fitted_law() -> None:
    found = fitted(lawful(0.2, 0.002))
    highest = max(range(1, 129), key=found.rate)
    assert highest == pytest.approx(found.peak.value, abs=1)


def test_without_coherency_there_need_not_be_a_peak() -> None:
    found = fitted(lawful(0.02, 0.0))
    assert found.fits
    assert found.peak.high == math.inf
    assert found.peak.low > COUNTS[-1]


def test_parameters_are_never_negative() -> None:
    found = fitted(Truth("better than ideal", lambda workers: workers**1.02))
    assert found.contention.value == 0
    assert found.coherency.value == pytest.approx(0, abs=1e-9)
    assert found.contention.low == 0
    assert found.peak.high == math.inf


def test_a_model_that_gets_slower_with_each_worker_has_its_peak_at_one() -> None:
    found = fitted(Truth("slower", lambda workers: 10 / workers))
    assert found.peak.value == 1
    assert found.peak.low == 1


@pytest.mark.parametrize("truth", [WAVES, CORES], ids=lambda truth: truth.title)
def test_a_curve_of_another_shape_does_not_fit(truth: Truth) -> None:
    found = fitted(truth, scatter=0.01)
    assert not found.fits
    deviations = {each: truth.rate(each) / found.rate(each) - 1 for each in truth.counts}
    assert found.farthest == max(deviations, key=lambda each: abs(deviations[each]))
    assert found.off == pytest.approx(deviations[found.farthest], abs=0.02)


def test_a_small_deviation_does_not_matter_however_exact_the_times_are() -> None:
    def rate(workers: int) -> float:
        return lawful(0.03, 0.0005).rate(workers) * (1.04 if workers == 16 else 1)

    found = fitted(Truth("nearly", rate), scatter=1e-6)
    assert found.fits
    assert found.farthest == 16


def test_times_that_scatter_cannot_make_a_far_curve_fit() -> None:
    def rate(workers: int) -> float:
        return lawful(0.03, 0.0005).rate(workers) * (2.0 if workers == 16 else 1)

    assert not fitted(Truth("far off", rate), passes=3, scatter=0.3).fits


@pytest.mark.parametrize(("counts", "passes"), [(4, 5), (8, 1)])
def test_few_numbers_of_workers_or_a_single_pass_have_no_law(counts: int, passes: int) -> None:
    truth = lawful(0.03, 0.0005)
    assert law(Curve("m", measured(truth, passes).rows[:counts])) is None
    assert law(Curve("m", measured(truth, 2).rows[:5])) is not None


def test_a_pass_without_the_slow_numbers_does_not_shift_the_others() -> None:
    """Rows with long rounds are left out of every second pass."""
    truth = lawful(0.03, 0.0005)
    speeds = {1: 1.0, 2: 1.5, 3: 1.0}
    rows = []
    for workers in COUNTS:
        passes = (1, 3) if workers <= 4 else (1, 2, 3)
        times = tuple(speeds[one] / truth.rate(workers) for one in passes)
        by_pass = tuple(Pass(one, (time,)) for one, time in zip(passes, times, strict=True))
        rows.append(Row(f"m-{workers}", "g", "m", times, workers=workers, by_pass=by_pass))
    found = law(Curve("m", tuple(rows)))
    assert found is not None
    assert found.contention.value == pytest.approx(0.03, rel=0.01)


def test_a_number_whose_times_scatter_counts_for_less() -> None:
    truth = lawful(0.03, 0.0005)
    curve = measured(truth, 5, 0.005)
    noisy = []
    for row in curve.rows:
        times = [each.median for each in row.by_pass]
        if row.workers == 16:
            times = [time * factor for time, factor in zip(times, (1, 1.8, 1, 1.8, 1.4), strict=True)]
        by_pass = tuple(Pass(number, (time,)) for number, time in enumerate(times, start=1))
        noisy.append(replace(row, seconds=tuple(times), by_pass=by_pass))
    found = law(Curve("m", tuple(noisy)))
    assert found is not None
    assert found.farthest == 16
    assert found.contention.value == pytest.approx(0.03, rel=0.2)


def test_without_scipy_one_sentence_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("scipy", "scipy.special"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(ConcurbenchError, match=r"scipy is missing: pip install .*\[scaling\]"):
        fitted(lawful(0.03, 0.0005))
