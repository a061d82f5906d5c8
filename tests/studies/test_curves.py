"""The simulated sweeps, and how often the claims about them are true."""

from __future__ import annotations

import random

import pytest
from click.testing import CliRunner

from studies import curves
from studies.curves import TRUTHS, Truth, Verdicts, judged, lawful, simulated


def test_a_simulated_sweep_scatters_around_its_truth() -> None:
    truth = lawful(0.03, 0.0005)
    found = simulated(truth, 200, 0.03, random.Random(1))
    for row in found.rows:
        assert found.rate(row) == pytest.approx(truth.rate(row.workers or 0), rel=0.02)


def test_the_true_number_is_the_smallest_within_the_margin() -> None:
    assert Truth("x", lambda workers: {1: 10, 2: 19, 4: 19.9}[workers], (1, 2, 4)).enough == 2
    assert Truth("x", lambda workers: {1: 10, 2: 18, 4: 19.9}[workers], (1, 2, 4)).enough == 4


@pytest.mark.parametrize("truth", TRUTHS, ids=lambda truth: truth.title)
def test_the_claims_hold_in_a_few_sweeps(truth: Truth) -> None:
    found = judged(truth, 5, 0.03, sweeps=10)
    assert found.claimed == pytest.approx(0.9375)
    assert found.enough >= 9
    assert (found.fits >= 9) == (truth.parameters is not None)
    if truth.parameters:
        assert min(found.contention, found.coherency, found.peak) >= 7


def test_intervals_that_miss_the_truth_are_not_counted() -> None:
    truth = lawful(0.03, 0.0005)
    wrong = Truth(truth.title, truth.rate, truth.counts, (0.5, 0.5, 1.0))
    found = judged(wrong, 5, 0.03, sweeps=3)
    assert (found.contention, found.coherency, found.peak) == (0, 0, 0)


def test_a_line_has_the_mean_and_the_worst_curve() -> None:
    both = [Verdicts(200, 0.75, 199, 198, 190, 192, 194), Verdicts(200, 0.75, 200, 200, 180, 200, 200)]
    assert curves.line("lawful", 3, 0.03, both) == (
        "| lawful | 3 | 3% | 75% | 100% (100%) | 100% (99%) | 96% (90%) |"
    )
    both = [Verdicts(200, 0.75, 199, 20, 0, 0, 0), Verdicts(200, 0.75, 180, 40, 0, 0, 0)]
    assert curves.line("other", 3, 0.03, both) == (
        "| other | 3 | 3% | 75% | 95% (90%) | 15% (20%) | – |"
    )


def test_the_report_has_a_line_for_each_kind_and_noise(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(curves, "judged", lambda *_: Verdicts(200, 0.94, 199, 198, 190, 192, 194))
    lines = CliRunner().invoke(curves.main, [], catch_exceptions=False).output.splitlines()
    assert len(lines) == 4 + 2 * len(curves.NOISES)
    assert len({each.count("|") for each in lines[2:]}) == 1
    assert "4 lawful curves and 2 others" in lines[0]
