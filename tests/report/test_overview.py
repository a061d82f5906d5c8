"""The overview of a run: what it says of each group."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from concurbench.report import overview as module
from concurbench.report.footnotes import surprises
from concurbench.report.overview import MAX_LINES, overview
from concurbench.results.row import Cost, Metric, Row
from concurbench.results.runs import Run, SurpriseInfo, WorkloadInfo
from concurbench.verdicts.ranks import cost
from tests.verdicts.fakes import row

MACHINE = {"cpu": "AMD EPYC", "usable_cores": 2, "python_implementation": "CPython"}


def costing(row: Row, cpu: float, memory: float) -> Row:
    """The row with these CPU seconds and bytes."""
    seconds = Metric("cpu_seconds", "s", "lower", (cpu,))
    return replace(row, cost=Cost(seconds, peak_memory=Metric("peak_memory", "B", "lower", (memory,))))


def steady(model: str, seconds: float, *, passes: int = 3, **more: Any) -> Row:
    """A row with the same time in all rounds."""
    return row(model, [[seconds] * 5] * passes, [1] * 5, **more)


def stalling(model: str, seconds: float, gap: float, **more: Any) -> Row:
    """A row with the metric ``gap``."""
    return steady(model, seconds, metrics={"gap": [[gap] * 5] * 3}, **more)


def run(*rows: Row, **workloads: WorkloadInfo) -> Run:
    machine = {**MACHINE, "python_version": "3.11.7"}
    return Run(Path("0003_x.json"), machine, True, rows, passes=3, workloads=workloads)


def lines(*rows: Row, width: int = 80, every: bool = False, **workloads: WorkloadInfo) -> list[str]:
    """The overview of a run of these rows."""
    shown = [line.plain for line in overview(run(*rows, **workloads), every=every, width=width)]
    assert max(map(len, shown)) <= width
    return shown


DOWNLOADS = (
    replace(steady("threaded", 0.25), limit=0.2),
    steady("trio", 0.252),
    steady("new_client", 0.5),
    steady("processes", 1.25),
    replace(steady("sequential", 10.0), limit=9.8),
)


def test_a_question_names_what_to_take_what_is_as_good_and_what_not_to_take() -> None:
    about, take, details = lines(*DOWNLOADS, work={"overview": {"group": "many downloads"}})
    assert about.startswith("AMD EPYC, 2 cores · CPython 3.11.7 · 3 passes ")
    assert about.endswith("  × seq. of best")
    assert take.split("  ")[0] == "many downloads"
    assert take.split()[2:] == ["threaded", "40", "80%"]
    assert details == "  or trio (as good) · not processes: 5.0 × slower"


def test_sequential_is_not_taken_only_where_no_other_model_is_slower() -> None:
    assert "not sequential: 40 × slower" in lines(DOWNLOADS[0], DOWNLOADS[-1])[2]


def test_a_margin_lets_more_models_be_as_good() -> None:
    found = overview(run(steady("one", 1.0), steady("other", 1.08)), margin=0.1)
    assert found[2].plain == "  or other (as good)"


def test_models_that_cannot_be_told_apart_are_named_with_what_it_takes() -> None:
    wild = [[1.0, 1.5, 0.8], [0.9, 2.0, 1.1], [1.6, 0.7, 1.0]]
    noisy = [row(name, [[t * f for t in one] for one in wild[n:] + wild[:n]], [1] * 3)
             for n, (name, f) in enumerate([("one", 1.0), ("two", 1.01)])]  # fmt: skip
    _, take, details = lines(*noisy, steady("slow", 30.0))
    assert take.split("  ")[-1].strip() == "cannot be told apart"
    assert details.startswith("  one, two (more passes) · not slow: ")


def test_a_metric_that_decides_is_said_in_the_words_of_its_workload() -> None:
    rows = stalling("to_thread", 0.3, 0.002), stalling("blocking", 0.2, 0.203)
    workload: WorkloadInfo = {
        "criterion": "gap", "bound": 0.01, "words": {"gap": "the loop stands still"},
    }  # fmt: skip
    _, take, details = lines(*rows, work=workload)
    assert take.split() == ["group", "to_thread"]
    assert details == "  the loop stands still 2.0 ms · not blocking: 203 ms"


def test_a_cost_question_is_a_finding_with_what_each_unit_costs() -> None:
    rows = [
        replace(
            steady(model, 1.0),
            metrics=(
                Metric("start", "s", "lower", (start,), 3),
                Metric("memory", "B", "lower", (memory,), 3),
            ),
        )
        for model, start, memory in (("tasks", 8e-6, 1700.0), ("threads", 171e-6, 17_000.0))
    ]
    declared: WorkloadInfo = {
        "cost_question": True,
        "criterion": "start",
        "overview": {"group": "a unit costs"},
        "finding": {
            "metrics": ["start", "memory"], "models": {"tasks": "task", "threads": "thread"},
        },
    }  # fmt: skip
    assert lines(*rows, work=declared)[1] == (
        "a unit costs: task 8.0 µs, 1.7 KiB · thread 171 µs, 17 KiB"
    )
    undeclared: WorkloadInfo = {"cost_question": True, "criterion": "start"}
    assert lines(*rows, work=undeclared)[1] == "group: tasks 8.0 µs · threads 171 µs"


def test_fewer_passes_than_a_verdict_needs_give_the_order() -> None:
    _, order, why = lines(steady("slow", 2.0, passes=1), steady("quick", 1.0, passes=1))
    assert order.split("  ") == ["group", "quick, slow 2.0 ×"]
    assert why.startswith("1 pass, so no verdict, only an order")


def test_groups_that_no_workload_shows_appear_only_with_every_group() -> None:
    rows = [
        steady(name, float(n), group=group)
        for group in ("big", "small")
        for n, name in enumerate("ab", start=1)
    ]
    workload: WorkloadInfo = {"overview": {"big": "long work"}}
    shown = "\n".join(lines(*rows, work=workload))
    assert "long work" in shown
    assert "small" not in shown
    assert "small" in "\n".join(lines(*rows, every=True, work=workload))
    assert "small" in "\n".join(lines(*rows[2:], work=workload))  # the run has nothing else of it


def test_rows_without_a_group_are_counted_and_not_compared() -> None:
    rows = [steady(name, 1.0, group="") for name in "ab"] + [steady("c", 1.0, group="alone")]
    assert lines(*rows)[1:] == ["3 rows without others of the same group: not compared"]


def test_a_run_without_declarations_of_its_workloads_has_an_order_by_the_first_metric() -> None:
    rows = stalling("to_thread", 0.3, 0.002), stalling("blocking", 0.2, 0.203)
    _, order, why = lines(*rows)
    assert order.split("  ") == ["group", "to_thread, blocking 102 ×"]
    assert why.startswith("an older version saved this run")


def test_rows_that_were_measured_by_the_criterion_in_too_few_passes_are_named() -> None:
    rows = (
        stalling("threaded", 1.0, 1.0), stalling("trio", 1.0, 5.0),
        steady("long", 9.0),
    )  # fmt: skip
    shown = "\n".join(line.plain for line in overview(run(*rows), by="gap"))
    assert "gap 1.000 s · not trio: 5.000 s · measured in too few passes: long" in shown


def test_what_does_not_fit_is_replaced_by_an_ellipsis_and_uncertainty_goes_last() -> None:
    wild = [[1.0, 1.5, 0.8], [0.9, 2.0, 1.1], [1.6, 0.7, 1.0]]
    noisy = [row(f"{name * 30}", wild[n:] + wild[:n], [1] * 3) for n, name in enumerate("ab")]
    several = [replace(each, group=f"{'g' * 30} {n}") for n in range(12) for each in noisy]
    assert "2 models cannot be told apart" in lines(*several)[1]
    slow = [steady("one", 1.0), steady("z" * 30, 1.01), steady("y" * 30, 3.0)]
    many = [replace(each, group=f"{'g' * 30} {n}") for n in range(12) for each in slow]
    assert lines(*many, every=True)[3] == f"  not {'y' * 30}: 3.0 × slower"
    assert lines(*many)[1].split()[2:] == ["one", "·", "…"]


def test_a_very_narrow_terminal_gets_lines_that_are_cut_off() -> None:
    assert lines(*DOWNLOADS, width=30)


def test_a_model_is_called_cheapest_only_where_that_is_certain() -> None:
    def using(model: str, seconds: float, cpu: Sequence[float]) -> Row:
        return costing(
            steady(model, seconds, metrics={"cpu_seconds": [[each] for each in cpu]}), cpu[0], 1.0
        )

    fast = using("threaded", 1.0, [0.26, 0.26, 0.26])
    by_time: WorkloadInfo = {"criterion": "time"}
    certain, open_ = using("trio", 1.02, [0.12, 0.13, 0.12]), using("trio", 1.02, [0.25, 0.3, 0.2])
    assert "cheapest" in "".join(lines(fast, certain, work=by_time))
    assert "cheapest" not in "".join(lines(fast, open_, work=by_time))


def test_an_overview_that_is_too_long_has_a_line_for_each_question_and_ends_after_the_most() -> None:
    def groups(count: int) -> list[Row]:
        return [
            steady(f"model_{n}", n, group=f"group {number}")
            for number in range(count)
            for n in (1.0, 2.0)
        ]

    short = lines(*groups(MAX_LINES - 1))
    assert len(short) == MAX_LINES
    assert short[1] == "group 0   model_1.0 · not model_2.0: 2.0 × slower"
    long = lines(*groups(MAX_LINES + 5))
    assert len(long) == MAX_LINES
    assert long[-1] == "and 7 more lines with --all"
    assert len(lines(*groups(MAX_LINES + 5), every=True)) == 1 + 2 * (MAX_LINES + 5)


@pytest.mark.parametrize("width", [80, 100])
def test_long_names_and_many_of_them_fit(width: int) -> None:
    longest = [steady(f"{'m' * 24}_{n}", 1.0) for n in range(9)] + [steady("z" * 26, 3.0)]
    workload: WorkloadInfo = {"overview": {"group": "t" * 70}}
    assert "more (as good)" in lines(*longest, width=width, work=workload)[2]
    assert len(lines(*(replace(each, group="g" * 70) for each in longest), width=width)) >= 3


def test_costs_have_columns_and_the_cheapest_of_the_fastest_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    costs = {"threaded": (0.26, 12 * 2.0**20), "trio": (0.12, 9 * 2.0**20), "slow": (0.01, 1.0)}
    monkeypatch.setattr(module, "cost", lambda row: costs[row.model])
    monkeypatch.setattr(module, "cheaper", lambda one, other: True)
    rows = steady("threaded", 1.0), steady("trio", 1.04), steady("slow", 2.0)
    about, take, details, cheapest = lines(*rows)
    assert about.endswith("  CPU s   MiB")
    assert take.split() == ["group", "threaded", "0.26", "12"]
    assert details == "  or trio (as good) · not slow: 2.0 × slower"
    assert cheapest == "  cheapest within 10 %: trio, 0.12 CPU s"
    several = [replace(row, group=f"group {n}") for n in range(8) for row in rows]
    assert len(lines(*several)) == 1 + 8 * 2  # what is worth least goes first


def test_the_processor_of_a_file_of_pytest_benchmark_alone_is_named() -> None:
    made = replace(
        run(*DOWNLOADS), machine={"cpu": {"brand_raw": "Some CPU"}, "python_version": "3.12"}
    )
    assert overview(made)[0].plain.startswith("Some CPU · Python 3.12 · 3 passes")


# -- surprises ----------------------------------------------------------------------------------------


def surprise(model: str, than: str, at_least: float, sentence: str) -> SurpriseInfo:
    return {"model": model, "than": than, "by": "time", "at_least": at_least, "sentence": sentence}


@pytest.mark.parametrize(
    ("declared", "shown"),
    [
        ([surprise("new_*", "threaded", 1.5, "why")], ["new_client: why"]),
        ([surprise("new_*", "threaded", 2.1, "why")], []),
        ([surprise("new_*", "missing", 1.5, "why")], []),
        (
            [
                surprise("new_client", "threaded", 1.5, "little"),
                surprise("processes", "threaded", 2, "more"),
            ],
            ["processes: more"],
        ),
    ],
)
def test_a_surprise_is_explained_only_where_its_row_shows_it(
    declared: Sequence[SurpriseInfo], shown: list[str]
) -> None:
    assert surprises(run(*DOWNLOADS, work={"surprises": declared})) == shown


def test_the_largest_surprises_of_different_groups_are_shown() -> None:
    rows = [
        steady(name, seconds, group=f"group {number}")
        for number in range(5)
        for name, seconds in (("quick", 1.0), (f"slow {number}", 2.0 + number))
    ]
    found = surprises(run(*rows, work={"surprises": [surprise("slow*", "quick", 2, "why")]}))
    assert found == ["slow 4: why", "slow 3: why", "slow 2: why"]


def test_a_cost_is_missing_where_a_row_has_none() -> None:
    assert cost(DOWNLOADS[0]) == (None, None)
    assert cost(costing(DOWNLOADS[0], 1.0, 2.0)) == (1.0, 2.0)
