"""The limit of each row, and rows that seem to be faster than theirs."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from concurbench.results.limits import MAX_EFFICIENCY, capacities, with_limits
from concurbench.results.row import Conditions, Pass, Row

CALM = Conditions(0.0, 0.0, 1.0)


def row(model: str, *medians: float, group: str = "g", **more: Any) -> Row:
    """A row with a pass of one round for each median."""
    by_pass = tuple(Pass(number, (median,), CALM) for number, median in enumerate(medians, start=1))
    return Row(f"{group}[{model}]", group, model, medians, by_pass=by_pass, **more)


def cpu_bound(model: str, *medians: float, near: float = 2.0, workers: int = 2, **more: Any) -> Row:
    return row(model, *medians, workers=workers, capacity_near=near, **more)


def sequential(*medians: float, **more: Any) -> Row:
    return cpu_bound("sequential", *medians, near=1.0, workers=1, **more)


def during(row: Row, steal: float = 0.0, others: float = 0.0, speed: float = 1.0) -> Row:
    conditions = Conditions(steal, others, speed)
    return replace(row, by_pass=tuple(replace(each, conditions=conditions) for each in row.by_pass))


def limit_check(row: Row, *others: Row) -> str:
    return with_limits([row, *others])[0].limit_check


def test_the_limit_is_the_largest_lower_bound() -> None:
    [found] = with_limits([row("threaded", 0.4, bounds={"waiting": 0.2, "server": 0.1})])
    assert (found.limit, found.efficiency) == (0.2, 0.5)


@pytest.mark.parametrize("bounds", [{}, {"waiting": 0.0}])
def test_without_a_positive_bound_there_is_no_efficiency(bounds: dict[str, float]) -> None:
    [found] = with_limits([row("threaded", 0.4, bounds=bounds)])
    assert (found.efficiency, found.limit_check) == (None, "")


def test_a_reference_is_not_limited_by_the_sequential_row() -> None:
    [compiled, _] = with_limits([cpu_bound("compiled", 0.01, reference=True), sequential(1.0)])
    assert (compiled.limit, compiled.efficiency, compiled.limit_check) == (None, None, "")


def test_a_cpu_bound_limit_is_the_sequential_time_of_the_same_group_over_the_capacity() -> None:
    fast, base, elsewhere = with_limits(
        [
            cpu_bound("multiprocess", 0.5, near=4.0, workers=4),
            sequential(1.0),
            cpu_bound("multiprocess", 0.5, near=4.0, workers=4, group="other"),
        ]
    )
    assert (fast.limit, fast.efficiency) == (0.25, 0.5)
    assert (base.limit, base.efficiency) == (1.0, 1.0)
    assert (elsewhere.limit, elsewhere.efficiency) == (None, None)


def test_a_bound_of_another_kind_counts_for_cpu_bound_rows_too() -> None:
    found = with_limits([cpu_bound("threaded", 1.0, bounds={"waiting": 0.8}), sequential(1.0)])[0]
    assert found.limit == 0.8


def test_the_capacity_is_the_median_over_all_rows_with_as_many_workers() -> None:
    rows = [
        sequential(1.0),
        *(cpu_bound(name, 1.0, near=near) for name, near in (("a", 1.2), ("b", 2.2), ("c", 1.8))),
        cpu_bound("d", 1.0, near=3.0, workers=4),
        row("no reading", 1.0, workers=4),
    ]
    assert capacities(rows) == {1: 1.0, 2: 1.8, 4: 3.0}
    assert with_limits(rows)[1].limit == pytest.approx(1 / 1.8)


def test_limits_follow_from_what_was_measured_whatever_was_computed_before() -> None:
    before = replace(row("threaded", 0.4, bounds={"waiting": 0.2}), limit=9.0, limit_check="old")
    assert with_limits([before])[0].limit == 0.2
    assert with_limits([before])[0].limit_check == ""


@pytest.mark.parametrize("efficiency", [0.5, 1.0, MAX_EFFICIENCY])
def test_a_possible_efficiency_passes_the_limit_check(efficiency: float) -> None:
    assert limit_check(during(row("a", 1.0, bounds={"x": efficiency}), steal=0.5)) == ""


def test_an_efficiency_beyond_measurement_uncertainty_fails_the_limit_check() -> None:
    assert limit_check(during(row("a", 1.0, bounds={"x": MAX_EFFICIENCY + 0.001}), steal=0.5)) != ""


FASTER = cpu_bound("threaded", 0.4)
"""Its limit is 0.5 s beside a sequential row of 1 s."""


def test_interference_is_named_with_the_row_during_which_it_happened() -> None:
    found = limit_check(during(FASTER, steal=0.03), during(sequential(1.0), steal=0.25, others=0.5))
    assert found == (
        "steal 25 % during sequential, 3 % during threaded; other programs 50 % during sequential"
    )


def test_a_machine_that_was_slower_during_sequential_is_a_drift() -> None:
    found = limit_check(during(FASTER, speed=1.05), during(sequential(1.0), speed=0.84))
    assert found == "drift: the machine was 25 % slower during sequential"
    assert "drift:" not in limit_check(during(FASTER, speed=0.9), during(sequential(1.0), speed=1.0))


def test_a_sequential_row_that_differed_between_passes_is_a_drift_if_that_explains_it() -> None:
    source = sequential(0.7, 1.0, 1.1)
    found = "drift: sequential took between 0.700 s and 1.100 s, depending on the pass"
    assert limit_check(FASTER, source) == found
    assert "drift" not in limit_check(cpu_bound("threaded", 0.2), source)


def test_a_limit_from_no_other_row_is_explained_by_the_row_alone() -> None:
    waiting = during(row("threaded", 0.4, bounds={"waiting": 0.5}), steal=0.1)
    assert limit_check(waiting, during(sequential(1.0), steal=0.5)) == "steal 10 % during threaded"


def test_without_any_cause_the_limit_check_says_whether_interference_was_recorded() -> None:
    assert limit_check(FASTER, sequential(1.0)) == (
        "no interference detected; within measurement uncertainty"
    )
    old = [replace(each, by_pass=()) for each in (FASTER, sequential(1.0))]
    assert limit_check(*old) == "interference was not recorded"


def test_rows_that_took_turns_are_judged_by_the_capacity_of_each_pass() -> None:
    def turned(row: Row, *capacities: float) -> Row:
        both = zip(row.by_pass, capacities, strict=True)
        passes = tuple(replace(each, turns=(1,), capacity=capacity) for each, capacity in both)
        return replace(row, by_pass=passes)

    # In the first pass another program took a core.
    fast = turned(cpu_bound("multiprocess", 1.0, 0.5, 0.5, near=2.0), 1.0, 2.0, 2.0)
    base = turned(sequential(1.0, 1.0, 1.0), 1.0, 1.0, 1.0)
    found = with_limits([fast, base])
    assert [(each.efficiency, each.limit_check) for each in found] == [(1.0, ""), (1.0, "")]
