"""Which rows each pass visits, in which order, and how many passes there are."""

from __future__ import annotations

import random
from collections.abc import Mapping
from pathlib import Path

import pytest

from concurbench.measure.cost import LONGEST_OBSERVED, LONGEST_OBSERVED_AGAIN
from concurbench.measure.rounds import LONG, PASS_BUDGET
from concurbench.runner.measured import Measured
from concurbench.runner.schedule import ALONE, CLOSER, Plan, in_order, slices, visits
from concurbench.verdicts.choice import ANALYSES
from tests.fakes import content, result

GROUPS = {"a1": "a", "a2": "a", "a3": "a", "b1": "b", "b2": "b", "c1": "c"}
ROWS = list(GROUPS)


def measured(groups: Mapping[str, str] = GROUPS) -> Measured:
    return Measured("3.11", Path(), groups)


def passed(plan: Plan, each: Measured, times: Mapping[str, float], number: int) -> None:
    """A pass in which the rows take these times, up to some noise."""
    chance = random.Random(number)
    noisy = {row: times[row] * chance.uniform(0.97, 1.03) for row in plan.due(number) if row in times}
    made = content(noisy)
    for benchmark in made["benchmarks"]:
        benchmark["group"] = each.groups[benchmark["fullname"]]
    answer = result(list(noisy), noisy)
    each.add(number, list(noisy), answer.__class__([], answer.outcomes, made))
    plan.after(number)


def test_the_first_pass_visits_all_rows_as_they_were_collected() -> None:
    assert Plan([measured()], 5).due(1) == ROWS


def test_each_pass_starts_with_another_group_and_every_second_one_runs_backwards() -> None:
    orders = [" ".join(in_order(ROWS, GROUPS, number)) for number in (2, 3, 4)]
    assert orders == ["a1 a3 a2 c1 b1 b2", "c1 a3 a1 a2 b1 b2", "c1 b2 b1 a3 a2 a1"]


def test_the_rows_of_a_group_are_visited_behind_each_other() -> None:
    for number in range(1, 8):
        order = in_order(ROWS, GROUPS, number)
        assert sorted(order) == ROWS
        assert [row for part in slices(order, GROUPS) for row in part] == order


def test_a_fixed_number_of_passes_visits_all_rows_but_long_ones_no_more_than_needed() -> None:
    one = measured()
    plan = Plan([one], 5)
    one.seconds = {**dict.fromkeys(ROWS, 0.1), "a2": LONG}
    assert [sorted(plan.due(number)) == ROWS for number in range(1, 6)] == [True] * 3 + [False] * 2
    assert sorted(plan.due(5)) == [row for row in ROWS if row != "a2"]
    plan.after(3)
    assert plan.passes == 5


def test_a_row_that_the_first_pass_could_not_time_is_not_visited_again() -> None:
    one = measured()
    one.seconds = {"a1": 0.1}
    assert Plan([one], 5).due(2) == ["a1"]


def test_groups_that_are_clear_are_done_and_close_ones_get_more_passes_with_more_time() -> None:
    one = measured({row: group for row, group in GROUPS.items() if group != "c"})
    plan = Plan([one], None)
    times = {"a1": 0.1, "a2": 0.104, "a3": 0.5, "b1": 0.1, "b2": 0.3}
    for number in range(1, ANALYSES[0] + 1):
        assert plan.seconds(number) == PASS_BUDGET.seconds
        passed(plan, one, times, number)
    assert plan.passes == ANALYSES[1]
    assert sorted(plan.due(ANALYSES[0] + 1)) == ["a1", "a2"]
    assert plan.seconds(ANALYSES[0] + 1) == PASS_BUDGET.seconds * CLOSER


def test_where_all_groups_are_clear_the_run_ends_with_the_first_analysis() -> None:
    one = measured({"b1": "b", "b2": "b"})
    plan = Plan([one], None)
    for number in range(1, ANALYSES[0] + 1):
        passed(plan, one, {"b1": 0.1, "b2": 0.3}, number)
    assert plan.passes == ANALYSES[0]


def test_rows_without_competitors_get_their_own_number_of_passes() -> None:
    one = measured({"b1": "b", "b2": "b", "c1": "c", "d1": "", "d2": ""})
    plan = Plan([one], None)
    times = {"b1": 0.1, "b2": 0.3, "c1": 0.1, "d1": 0.2, "d2": 0.3}
    for number in range(1, ANALYSES[0] + 1):
        passed(plan, one, times, number)
    assert plan.passes == ALONE
    assert sorted(plan.due(ANALYSES[0] + 1)) == ["c1", "d1", "d2"]
    assert plan.seconds(ANALYSES[0] + 1) == PASS_BUDGET.seconds


@pytest.mark.parametrize(
    ("slower", "swings", "passes"),
    [(1.1, 0.08, ANALYSES[-1]), (1.0, 0.5, ANALYSES[-2])],
    ids=["promising", "hopeless"],
)
def test_a_run_has_no_more_passes_than_the_last_analysis_and_that_only_where_it_may_decide(
    slower: float, swings: float, passes: int
) -> None:
    one = measured({"a1": "a", "a2": "a"})
    plan = Plan([one], None)
    number = 0
    while number < plan.passes:
        number += 1
        passed(plan, one, {"a1": 0.1, "a2": 0.1 * (slower + swings * (-1) ** number)}, number)
    assert number == passes


def test_a_single_interpreter_measures_each_pass_in_one_process() -> None:
    assert list(visits(["3.11"], GROUPS, ROWS, 1)) == [("3.11", ROWS)]


def test_a_slice_has_the_rows_of_one_group() -> None:
    assert slices(["a1", "b1", "a2", "b2"], GROUPS) == [["a1", "a2"], ["b1", "b2"]]


@pytest.mark.parametrize(
    ("number", "order"),
    [
        (1, [("3.11", "a"), ("3.13t", "a"), ("3.13t", "b"), ("3.11", "b")]),
        (2, [("3.13t", "a"), ("3.11", "a"), ("3.11", "b"), ("3.13t", "b")]),
    ],
)
def test_a_slice_goes_through_all_interpreters_and_none_is_always_first(
    number: int, order: list[tuple[str, str]]
) -> None:
    groups = {"a": "a", "b": "b"}
    found = [(name, part[0]) for name, part in visits(["3.11", "3.13t"], groups, ["a", "b"], number)]
    assert found == order


def test_costs_are_observed_in_as_many_passes_as_a_verdict_needs_if_a_number_is_given() -> None:
    def observed(passes: int | None) -> list[float]:
        plan = Plan([measured()], passes)
        return [plan.observed(number) for number in range(1, 6)]

    assert observed(5) == [LONGEST_OBSERVED, *[LONGEST_OBSERVED_AGAIN] * 2, 0.0, 0.0]
    assert observed(None) == [LONGEST_OBSERVED, *[0.0] * 4]
