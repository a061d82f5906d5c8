"""Student's t distribution."""

from __future__ import annotations

import pytest

from concurbench.verdicts.student import quantile, upper_tail


@pytest.mark.parametrize("degrees", [1, 2, 3, 4, 7, 24, 143])
def test_it_is_the_distribution_of_scipy(degrees: int) -> None:
    scipy = pytest.importorskip("scipy.stats")
    for t in (-3.0, -0.5, 0.0, 0.1, 2.0, 10.0):
        assert upper_tail(degrees, t) == pytest.approx(scipy.t.sf(t, degrees), abs=1e-12)
    for probability in (0.01, 0.5, 0.9, 0.975, 0.9995):
        expected = scipy.t.ppf(probability, degrees)
        assert quantile(degrees, probability) == pytest.approx(expected, rel=1e-8, abs=1e-8)
