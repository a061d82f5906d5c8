"""Curves over numbers of workers, and which number is enough."""

from __future__ import annotations

import itertools
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from concurbench.results.row import Pass, Row
from concurbench.results.runs import Run
from concurbench.verdicts.curve import (
    LEVEL,
    NEAR,
    Curve,
    confidence,
    curves,
    is_sweep,
    one_each,
    without_sweeps,
)


def row(
    model: str, workers: int | None, seconds: Sequence[float], *, items: int | None = 100,
    passes: Sequence[int] | None = None,
) -> Row:  # fmt: skip
    """A row with a pass for each time; ``passes`` are their numbers."""
    numbers = passes or range(1, len(seconds) + 1)
    by_pass = tuple(Pass(each, (time,)) for each, time in zip(numbers, seconds, strict=True))
    return Row(
        f"{model}-{workers}", "g", model, tuple(seconds), workers=workers, items=items, by_pass=by_pass
    )


def curve(times: Mapping[int, Sequence[float]]) -> Curve:
    """Number of workers -> times of the passes."""
    return Curve("m", tuple(row("m", workers, seconds) for workers, seconds in times.items()))


def test_a_model_with_three_numbers_of_workers_is_a_curve_in_their_order() -> None:
    rows = [row("a", workers, [1.0 / workers]) for workers in (4, 1, 2)]
    [found] = curves([*rows, row("b", 1, [1.0]), row("b", 2, [1.0])])
    assert found.model == "a"
    assert [each.workers for each in found.rows] == [1, 2, 4]
    assert curves(rows[:2]) == []


def test_the_curve_with_the_highest_throughput_comes_first() -> None:
    slow = [row("a", workers, [2.0]) for workers in (1, 2, 3)]
    fast = [row("b", workers, [4.0 / workers]) for workers in (1, 2, 3)]
    assert [each.model for each in curves([*slow, *fast])] == ["b", "a"]


def test_rows_that_do_not_say_their_workers_are_no_curve() -> None:
    assert curves([row("a", None, [1.0]) for _ in range(3)]) == []


def test_throughput_is_in_items_or_in_rounds() -> None:
    each = row("a", 1, [0.5])
    assert Curve("a", (each,)).rate(each) == 200
    each = row("a", 1, [0.5], items=None)
    assert Curve("a", (each,)).rate(each) == 2


def test_speed_up_and_speed_up_per_worker_are_relative_to_the_smallest_number() -> None:
    found = curve({2: [12.0], 4: [6.0], 8: [4.0]})
    assert [found.speed_up(each) for each in found.rows] == [1, 2, 3]
    assert [found.per_worker(each) for each in found.rows] == [1, 1, 0.75]


def test_enough_is_the_smallest_number_within_five_percent_of_the_best() -> None:
    found = curve({1: [4.0] * 3, 2: [2.09] * 3, 4: [2.0] * 3, 8: [3.0] * 3})
    assert found.enough.workers == 2
    assert found.chosen.workers == 2
    assert curve({1: [4.0] * 3, 2: [2.11] * 3, 4: [2.0] * 3}).enough.workers == 4


def test_its_range_is_that_of_what_the_passes_choose() -> None:
    found = curve({1: [8.0] * 3, 2: [2.0, 2.0, 3.0], 4: [1.99, 1.99, 2.0], 8: [2.3, 1.5, 2.3]}).enough
    assert (found.low, found.workers, found.high) == (2, 2, 8)
    assert found.claim == 0.75


def test_its_range_contains_it_even_if_no_pass_chose_it() -> None:
    # A larger number is best in each pass, but not the same one.
    found = curve({1: [1.04, 1.04], 2: [1.0, 1.0], 4: [0.9, 1.2], 8: [1.2, 0.9]}).enough
    assert (found.low, found.workers, found.high) == (1, 1, 8)


def test_enough_is_found_in_pairs_not_by_medians() -> None:
    # The machine was slow in the second pass: 2 workers were measured in another half of the passes.
    fast_slow_fast = [1.0, 3.0, 1.0]
    rows = [
        row("m", 1, [9.0] * 3),
        row("m", 2, [3.09, 1.03], passes=[2, 3]),
        row("m", 4, fast_slow_fast),
    ]
    assert Curve("m", tuple(rows)).enough.workers == 2


def test_passes_of_different_speed_choose_by_their_own_times() -> None:
    found = curve({1: [8.0, 16.0, 24.0], 2: [2.0, 4.0, 6.0], 4: [2.0, 4.0, 6.0]}).enough
    assert (found.low, found.workers, found.high) == (2, 2, 2)


def test_many_passes_leave_their_outermost_choices_out() -> None:
    passes = 12
    late = [2.0] * (passes - 1) + [9.0]
    found = curve({1: [8.0] * passes, 2: late, 4: [2.0] * passes}).enough
    assert (found.low, found.high) == (2, 2)
    assert LEVEL <= found.claim < 1 - 2 / 2**passes


def test_a_pass_without_a_candidate_does_not_count() -> None:
    rows = [
        row("m", 1, [2.1 * NEAR, 2.1 * NEAR], passes=[1, 3]),  # too slow to matter
        row("m", 2, [2.0, 2.0], passes=[1, 3]),
        row("m", 4, [2.09, 1.0, 2.09], passes=[1, 2, 3]),
    ]
    found = Curve("m", tuple(rows)).enough
    assert found.claim == confidence(2)
    assert (found.low, found.high) == (2, 2)


def test_a_number_that_is_too_slow_may_lack_passes() -> None:
    rows = [
        row("m", 1, [8.0, 8.0], passes=[1, 3]),
        row("m", 2, [2.0, 2.0, 2.0]),
        row("m", 4, [2.0, 2.0, 2.0]),
    ]
    assert Curve("m", tuple(rows)).enough.claim == confidence(3)


def test_one_pass_claims_nothing() -> None:
    found = curve({1: [4.0], 2: [2.0], 4: [2.0]}).enough
    assert (found.workers, found.low, found.high, found.claim) == (2, 2, 2, 0)


@pytest.mark.parametrize(("passes", "left_out"), [(2, 0), (3, 0), (5, 0), (8, 1)])
def test_the_confidence_is_the_share_of_sides_on_which_observations_can_fall(
    passes: int, left_out: int
) -> None:
    """Each observation is below the median or above it, with the same chance."""
    inside = [
        left_out < sum(sides) < passes - left_out for sides in itertools.product((0, 1), repeat=passes)
    ]
    assert confidence(passes, left_out) == pytest.approx(statistics.fmean(inside))


def test_models_are_compared_by_the_row_that_is_enough() -> None:
    swept = [row("a", workers, [time]) for workers, time in ((1, 4.0), (2, 2.0), (4, 2.0))]
    others = [row("sequential", 1, [4.0]), row("b", 1, [3.0]), row("b", 2, [3.0])]
    assert one_each([*swept, *others]) == [swept[1], *others]


def test_a_run_without_its_sweeps_has_a_row_of_each_model_in_each_group() -> None:
    swept = [row("a", workers, [time]) for workers, time in ((1, 4.0), (2, 2.0), (4, 2.0))]
    other = [replace(each, id=f"x-{each.id}", group="x") for each in swept[:2]]
    run = Run(Path("x.json"), {}, False, (*swept, *other))
    assert without_sweeps(run).rows == (swept[1], *other)


def test_a_run_is_a_sweep_if_one_group_has_a_curve() -> None:
    swept = [row("a", workers, [4.0 / workers]) for workers in (1, 2, 4)]
    assert is_sweep(Run(Path(), {}, True, tuple(swept)))
    assert not is_sweep(Run(Path(), {}, True, tuple(swept[:2])))
