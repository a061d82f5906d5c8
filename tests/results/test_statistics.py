"""Prediction intervals of the next run's median."""

from __future__ import annotations

import itertools
import statistics

import pytest

from concurbench.results.statistics import LEVEL, claim, interval


@pytest.mark.parametrize("passes", [3, 5])
def test_the_claim_is_the_share_of_all_orders_for_which_it_holds(passes: int) -> None:
    # All ways to distribute the ranks of the passes over the two runs are equally likely.
    ranks = range(2 * passes)
    held = tried = 0
    for mine in itertools.combinations(ranks, passes):
        theirs = statistics.median(set(ranks) - set(mine))
        held += mine[0] <= theirs <= mine[-1]
        tried += 1
    assert claim(passes) == pytest.approx(held / tried)


def test_with_outermost_observations_left_out_the_claim_is_that_share_too() -> None:
    ranks, passes = range(14), 7
    holds = [
        mine[1] <= statistics.median(set(ranks) - set(mine)) <= mine[-2]
        for mine in itertools.combinations(ranks, passes)
    ]
    assert claim(passes, left_out=1) == pytest.approx(sum(holds) / len(holds))


@pytest.mark.parametrize("passes", [4, 6])
def test_an_even_number_of_passes_claims_no_more_than_holds(passes: int) -> None:
    ranks = range(2 * passes)
    holds = [
        mine[0] <= statistics.median(set(ranks) - set(mine)) <= mine[-1]
        for mine in itertools.combinations(ranks, passes)
    ]
    assert claim(passes) <= sum(holds) / len(holds)


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
