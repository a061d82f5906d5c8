"""Prediction intervals of the next run's median."""

from __future__ import annotations

import itertools
import statistics

import pytest

from concurbench.results.statistics import LEVEL, claim, interval


def share_of_orders(passes: int, left_out: int = 0) -> float:
    """How often the next median is within the interval, over all orders of the passes of two runs."""
    ranks = range(2 * passes)
    return statistics.fmean(
        mine[left_out] <= statistics.median(set(ranks) - set(mine)) <= mine[-1 - left_out]
        for mine in itertools.combinations(ranks, passes)
    )


@pytest.mark.parametrize(("passes", "left_out"), [(3, 0), (5, 0), (7, 1)])
def test_the_claim_is_the_share_of_all_orders_for_which_it_holds(passes: int, left_out: int) -> None:
    assert claim(passes, left_out) == pytest.approx(share_of_orders(passes, left_out))


@pytest.mark.parametrize("passes", [4, 6])
def test_an_even_number_of_passes_claims_no_more_than_holds(passes: int) -> None:
    assert claim(passes) <= share_of_orders(passes)


def test_five_passes_are_the_fewest_that_reach_the_level() -> None:
    assert [claim(passes) >= LEVEL for passes in (3, 4, 5)] == [False, False, True]


def test_one_or_two_passes_claim_nothing() -> None:
    assert interval([1.0]) is None
    assert interval([1.0, 2.0]) is None


def test_few_passes_give_their_range_and_many_leave_the_outermost_out() -> None:
    few = interval([3.0, 1.0, 2.0])
    assert few is not None
    assert (few.low, few.high) == (1.0, 3.0)
    assert few.claim == pytest.approx(0.6)
    many = interval([100.0, *map(float, range(1, 12)), -100.0])
    assert many is not None
    assert (many.low, many.high) == (2.0, 10.0)
    assert many.claim >= LEVEL
