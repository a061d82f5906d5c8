"""Rows compared in pairs."""

from __future__ import annotations

import math

import pytest

from concurbench.results.row import Row
from concurbench.verdicts.pairs import Pair, compare
from tests.verdicts.fakes import drawn, row


def pair(one: Row, other: Row) -> Pair:
    pairs = compare([one, other])
    assert pairs is not None
    return pairs[one.id, other.id]


def test_an_outlier_among_the_turns_moves_the_ratio_little() -> None:
    hit = [[1.0, 1.0, 9.0, 1.0, 1.0], [1.0] * 5, [1.0] * 5]
    found = pair(row("hit", hit, [1] * 5), row("calm", [[1.0] * 5] * 3, [1] * 5))
    assert math.exp(found.mean) == pytest.approx(1.0)


def test_rows_are_compared_in_the_passes_that_they_share_and_both_ways_round() -> None:
    one, other = row("one", [[1.0], [1.1], [1.0]]), row("other", [[2.0], [2.0]])
    there, back = pair(one, other), pair(other, one)
    assert there.passes == 2
    assert math.exp(there.mean) == pytest.approx(0.524, abs=0.001)
    assert (back.mean, back.error) == (-there.mean, there.error)


def test_a_row_with_fewer_turns_is_compared_in_the_first_ones() -> None:
    slow = row("slow", [[2.0, 4.0]] * 3, [1, 1])
    fast = row("fast", [[1.0, 2.0, 3.0, 9.0]] * 3, [1] * 4)
    assert math.exp(pair(slow, fast).mean) == pytest.approx(2.0)


def test_a_pass_with_more_turns_counts_more_but_not_as_much_more() -> None:
    one = row("one", [[2.0], [1.0] * 20, [1.0]])
    other = row("other", [[1.0]] * 3)
    few, many = pair(one, other), pair(_in_turns(one), _in_turns(other))
    assert math.exp(few.mean) == pytest.approx(2 ** (1 / 3))
    assert 1.0 < math.exp(many.mean) < math.exp(few.mean)


def _in_turns(each: Row) -> Row:
    found = row(each.model, [[1.0] * 20] * 3)
    by_pass = []
    for number, one in enumerate(each.by_pass):
        turns = 20 if number == 1 else 1
        seconds = (one.median,) * turns
        by_pass.append(type(one)(one.number, seconds, turns=(1,) * turns))
    return type(found)(**{**vars(found), "by_pass": tuple(by_pass)})


def test_the_scatter_of_the_turns_makes_up_for_few_passes() -> None:
    rows = drawn({"one": 1.0, "other": 1.0}, between=0.0)
    known = pair(*rows)
    alone = pair(*(row(each.model, [[one.median] for one in each.by_pass]) for each in rows))
    assert alone.degrees == 2
    assert known.degrees > 4
    assert known.margin(0.01) < alone.margin(0.01)


def test_a_row_without_turns_has_the_scatter_of_its_group() -> None:
    turning = drawn({"one": 1.0, "other": 1.1})
    long = row("long", [[10.0], [10.1], [9.9]])
    pairs = compare([*turning, long])
    assert pairs is not None
    assert pairs[long.id, turning[0].id].degrees > 2


def test_identical_observations_still_have_an_error() -> None:
    assert pair(row("one", [[1.0]] * 3), row("other", [[2.0]] * 3)).error > 0


def test_one_pass_without_turns_says_nothing() -> None:
    assert pair(row("one", [[1.0]]), row("other", [[2.0]])).margin(0.05) == math.inf
