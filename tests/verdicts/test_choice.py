"""Which model to take."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from concurbench.results.runs import Run, WorkloadInfo
from concurbench.verdicts.choice import LEVEL, Choice, Verdict, choices, choose
from concurbench.verdicts.pairs import MARGIN, TIME
from tests.verdicts.fakes import drawn, row


def verdicts(choice: Choice | None) -> dict[str, Verdict]:
    assert choice is not None
    return {each.row.model: each.verdict for each in choice.standings}


def test_a_drifting_machine_does_not_hide_which_row_is_faster() -> None:
    slow, fast = rows = drawn({"slow": 1.2, "fast": 1.0}, machine=0.5)
    assert max(fast.seconds) > min(slow.seconds)  # medians by themselves would not tell
    choice = choose(rows)
    assert verdicts(choice) == {"fast": Verdict.AS_GOOD, "slow": Verdict.WORSE}
    assert choice is not None
    assert choice.take is fast
    assert choice.decided
    assert choice.standings[1].low < 1.2 < choice.standings[1].high


def test_rows_within_the_margin_are_as_good_even_if_one_is_surely_faster() -> None:
    choice = choose(drawn({"one": 1.0, "other": 1.02}, within=0.002, between=0.0))
    assert verdicts(choice) == {"one": Verdict.AS_GOOD, "other": Verdict.AS_GOOD}
    assert choice is not None
    assert choice.standings[1].low > 1.0


def test_with_too_much_noise_nothing_is_told_apart_and_nothing_is_taken() -> None:
    choice = choose(drawn({"one": 1.0, "other": 1.1}, between=0.3, within=0.3))
    assert verdicts(choice) == {"one": Verdict.OPEN, "other": Verdict.OPEN}
    assert choice is not None
    assert choice.take is None
    assert not choice.decided


def test_a_larger_margin_lets_more_rows_pass_as_good() -> None:
    rows = drawn({"one": 1.0, "other": 1.1}, within=0.005, between=0.005)
    assert verdicts(choose(rows))["other"] is Verdict.WORSE
    assert verdicts(choose(rows, margin=0.2))["other"] is Verdict.AS_GOOD


def test_fewer_than_three_passes_or_two_rows_give_no_verdict() -> None:
    assert choose(drawn({"one": 1.0, "other": 2.0}, passes=2)) is None
    assert choose(drawn({"one": 1.0})) is None


def test_rows_within_a_bound_need_as_many_passes_as_others() -> None:
    rows = [
        row(name, [[1.0]], metrics={"gap": [[gap]]}) for name, gap in (("good", 0.001), ("bad", 1.0))
    ]
    assert choose(rows, bound=("gap", 0.01)) is None


def test_a_metric_decides_in_its_own_direction() -> None:
    passes = [[1.0, 1.0]] * 3
    high = row("high", passes, [1, 1], metrics={"rate": [[9.0, 9.1]] * 3}, better="higher")
    low = row("low", passes, [1, 1], metrics={"rate": [[3.0, 3.1]] * 3}, better="higher")
    assert verdicts(choose([low, high], "rate")) == {
        "high": Verdict.AS_GOOD,
        "low": Verdict.WORSE,
    }
    choice = choose([low, high], "rate")
    assert choice is not None
    assert choice.standings[1].ratio == pytest.approx(3.0, rel=0.05)


def test_a_metric_that_is_zero_has_no_ratios_and_no_verdict() -> None:
    passes = [[1.0]] * 3
    zero, one = (row(name, passes, metrics={"m": [[v]] * 3}) for name, v in (("a", 0.0), ("b", 1.0)))
    assert choose([zero, one], "m") is None


def test_rows_beyond_the_bound_lose_and_the_others_are_compared_by_time() -> None:
    def each(model: str, seconds: float, gap: float) -> object:
        return row(model, [[seconds]] * 3, metrics={"gap": [[gap]] * 3})

    rows = [each("fast but stalls", 1.0, 0.5), each("slow", 3.0, 0.001), each("quick", 2.0, 0.009)]
    choice = choose(rows, bound=("gap", 0.01))  # type: ignore[arg-type]  # rows
    assert verdicts(choice) == {
        "quick": Verdict.AS_GOOD,
        "slow": Verdict.WORSE,
        "fast but stalls": Verdict.BEYOND,
    }


def test_where_no_row_is_within_the_bound_the_metric_decides() -> None:
    rows = [
        row(name, [[seconds]] * 3, metrics={"gap": [[gap]] * 3})
        for name, seconds, gap in (("a", 1.0, 0.5), ("b", 2.0, 0.1))
    ]
    choice = choose(rows, bound=("gap", 0.01))
    assert choice is not None
    assert choice.by == "gap"
    assert choice.take is rows[1]


def test_references_and_cost_questions_are_never_chosen() -> None:
    rows = (
        row("plain call", [[0.1]] * 3, reference=True),
        *(row(name, [[seconds]] * 3) for name, seconds in (("one", 1.0), ("other", 2.0))),
        *(row(f"{n} unit", [[1.0 * n]] * 3, group="costs", workload="units") for n in (1, 2)),
    )
    workloads: dict[str, WorkloadInfo] = {"units": {"cost_question": True}}
    run = Run(Path(), {}, True, rows, workloads=workloads)
    assert [(name, choice.take and choice.take.model) for name, choice in choices(run).items()] == [
        ("group", "one")
    ]
    assert set(choices(run, "time")) == {"group", "costs"}


def test_a_model_with_several_numbers_of_workers_competes_with_one_of_them() -> None:
    sweep = [
        replace(row(f"pool{workers}", [[1.0 + 1.0 / workers]] * 3), model="pool", workers=workers)
        for workers in (1, 2, 4)
    ]
    run = Run(Path(), {}, True, (*sweep, row("other", [[3.0]] * 3)))
    assert [each.row.id for each in choices(run)["group"].standings] == [
        sweep[2].id,
        "test.py::test[other]",
    ]


@pytest.mark.parametrize("gap", [0.0, 0.03])
def test_all_intervals_of_a_group_hold_at_once_as_often_as_claimed(gap: float) -> None:
    models = {f"m{number}": 1.0 + gap * number for number in range(4)}
    failed = wrong = 0
    for seed in range(150):
        choice = choose(drawn(models, between=0.005, within=0.02, seed=seed))
        assert choice is not None
        held = [
            each.low <= models[each.row.model] * 1.000001 and models[each.row.model] <= each.high
            for each in choice.standings
        ]
        failed += not all(held)
        wrong += any(models[each.model] > 1 + MARGIN for each in choice.as_good)
    assert failed <= 150 * (1 - LEVEL)
    assert wrong <= 150 * (1 - LEVEL)


def test_by_memory_less_than_a_mebibyte_is_no_difference_and_rows_without_it_are_left_out() -> None:
    passes, mebibyte = [[1.0]] * 3, 2.0**20
    small, none, large = (
        row(name, passes, metrics={"peak_memory": [[value]] * 3})
        for name, value in {"small": mebibyte / 2, "none": 0.0, "large": 9 * mebibyte}.items()
    )
    long = row("long", passes)
    run = Run(Path(), {}, True, (small, none, large, long))
    choice = choices(run, by="memory")["group"]
    assert verdicts(choice) == {
        "small": Verdict.AS_GOOD, "none": Verdict.AS_GOOD, "large": Verdict.WORSE,
    }  # fmt: skip
    assert choice.standings[-1].ratio == pytest.approx(9)
    assert len(choices(run, by=TIME)["group"].standings) == 4
