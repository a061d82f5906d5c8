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


def test_the_report_is_a_table(monkeypatch: pytest.MonkeyPatch) -> None:
    counts = Verdicts(200, 0.9375, 199, 198, 190, 192, 194)
    monkeypatch.setattr(curves, "judged", lambda *_: counts)
    lines = CliRunner().invoke(curves.main, [], catch_exceptions=False).output.splitlines()
    assert len(lines) == 4 + len(TRUTHS) * len(curves.NOISES)
    assert len({line.count("|") for line in lines[2:]}) == 1
    assert lines[4] == (
        "| law: contention 3%, coherency 0.05% | 3 | 3% | 94% | 100% | 99% | 95% | 96% | 97% |"
    )
    assert lines[-1].endswith("| 99% | – | – | – |")
