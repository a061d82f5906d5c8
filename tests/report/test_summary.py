"""The tables of a run: columns, units, and the order of rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from concurbench.report.summary import print_run, summary, yardsticks
from concurbench.report.tables import BAR, MAX_NAME
from concurbench.report.text import as_text, bar
from concurbench.results.baseline import RunComparison, compare
from concurbench.results.row import Cost, Metric, Row
from concurbench.results.runs import Run, WorkloadInfo
from tests.verdicts import fakes


def row(
    model: str, *seconds: float, workers: int = 2, efficiency: float | None = None, work: str = "w"
) -> Row:
    made = Row(f"{model}-{workers}", "flags · local", model, seconds, workers=workers, fingerprint=work)
    return replace(made, limit=efficiency and made.median * efficiency)


def shown(rows: Sequence[Row], base: Run | None = None, **workloads: WorkloadInfo) -> list[str]:
    """The lines of the tables of a run of these rows."""
    run = Run(Path("0004_x.json"), {}, True, tuple(rows), workloads=workloads)
    text = as_text(summary(run, RunComparison(base) if base else None), 80)
    lines = text.splitlines()
    assert "…" not in text
    assert max(map(len, lines)) <= 80
    return lines


FAST = row("threaded", 1.0, 1.1, 1.2, efficiency=0.5)
NEAR = row("asyncio", 1.1, 1.2, 1.3, efficiency=0.4)
SLOW = row("sequential", 10.0, 10.1, 10.2, efficiency=0.95)


def steady(model: str, seconds: float, *, workers: int = 2, limit: float | None = None) -> Row:
    """A row of three passes with the same time in all rounds."""
    made = fakes.row(model, [[seconds] * 5] * 3, [1] * 5)
    return replace(made, workers=workers, limit=limit)


def test_a_yardstick_has_half_of_its_range_as_its_spread() -> None:
    readings = {"python_loop": [[0.0, 0.001], [0.1, 0.002], [0.2, 0.004]]}
    shown = as_text(yardsticks(readings), 80).splitlines()[-1]
    assert shown.split() == ["pure", "Python", "loop", "2.0", "ms", "±", "75%", "3"]


def test_rows_have_their_ratio_to_the_best_with_its_interval_and_bars_that_rank() -> None:
    rows = steady("sequential", 10.0, workers=1, limit=9.8), steady("threaded", 1.0, limit=0.5)
    lines = shown([*rows, steady("trio", 2.0)])[1:]
    assert lines[:2] == ["group", "2 workers · 3 passes · best possible 0.500 s"]
    assert [line.split() for line in lines[3:]] == [
        ["threaded", "1.000", "1.00", "1.00–1.00", "10", "███████", "50%"],
        ["trio", "2.000", "2.00", "2.00–2.00", "5.0", "███▌", "25%"],
        ["sequential", "10.000", "10", "10–10", "1.0", "▊", "5%"],
    ]


def test_without_a_sequential_row_the_slowest_is_what_others_are_compared_with() -> None:
    lines = shown([steady("threaded", 1.0), steady("trio", 2.0)])
    assert lines[3].split()[-2:] == ["×", "slowest"]
    assert lines[4].split() == ["threaded", "1.000", "1.00", "1.00–1.00", "2.0", "███████"]


def test_rows_without_a_verdict_have_the_ratio_of_medians_and_the_spread_of_their_rounds() -> None:
    lines = shown([SLOW, FAST])
    assert "spread" in lines[3]
    assert lines[4].split() == ["threaded", "1.100", "1.00", "±", "9%", "9.2", "███████", "50%"]
    assert lines[5].split() == ["sequential", "10.100", "9.18", "±", "1%", "1.0", "▊", "5%"]


def test_a_reference_is_last_and_marked_and_no_other_row_is_compared_with_it() -> None:
    plain = replace(steady("plain", 0.1), reference=True)
    lines = shown([plain, steady("threaded", 1.0), steady("trio", 2.0)])
    assert lines[4].split()[:3] == ["threaded", "1.000", "1.00"]
    assert lines[6].split() == ["plain", "0.100", "reference"]


def test_a_reference_is_marked_without_a_verdict_too() -> None:
    lines = shown([replace(FAST, reference=True), SLOW, replace(SLOW, id="other", model="other")])
    assert next(line for line in lines if line.startswith("threaded")).split()[2] == "reference"


def test_a_reference_without_a_limit_has_no_share_of_the_best_possible_time() -> None:
    compiled = replace(FAST, model="compiled", reference=True, limit=None)
    lines = shown([compiled, replace(FAST, id="other"), SLOW])
    assert next(line for line in lines if line.startswith("compiled")).split()[-1] == "reference"
    assert next(line for line in lines if line.startswith("threaded")).split()[-1] == "50%"


def test_a_row_that_is_hardly_slower_has_no_interval_that_begins_at_one() -> None:
    run = Run(Path("0004_x.json"), {}, True, (steady("quick", 1.0), steady("slow", 1.003)))
    _, slow = as_text(summary(run, margin=0.001), 80).splitlines()[-2:]
    assert slow.split()[:4] == ["slow", "1.003", "1.00", ">1.00–1.00"]


def test_the_cost_that_decides_has_a_column() -> None:
    cpu = Metric("cpu_seconds", "s", "lower", (0.5,))
    rows = [replace(steady(name, 1.0), cost=Cost(cpu)) for name in "ab"]
    run = Run(Path("0004_x.json"), {}, True, tuple(rows))
    assert "cpu" not in as_text(summary(run), 80)
    assert "cpu" in as_text(summary(run, by="cpu"), 80)


def test_a_row_beyond_the_bound_of_its_workload_is_last_and_says_so() -> None:
    rows = [
        fakes.row(name, [[seconds] * 3] * 3, metrics={"gap": [[gap] * 3] * 3})
        for name, seconds, gap in (("stalls", 1.0, 0.5), ("quick", 2.0, 0.001), ("slow", 4.0, 0.001))
    ]
    lines = shown(rows, work={"criterion": "gap", "bound": 0.01})
    assert [line.split()[0] for line in lines[-3:]] == ["quick", "slow", "stalls"]
    assert lines[-1].endswith("beyond bound")


def test_the_best_row_is_bold() -> None:
    run = Run(Path("0004_x.json"), {}, True, (SLOW, FAST))
    lines = as_text(summary(run), 80, colour=True).splitlines()
    assert [line.split(" ")[0] for line in lines[4:6]] == ["\x1b[1mthreaded", "sequential"]


def test_rows_without_a_server_come_first() -> None:
    rows = [row("a", 1.0), row("b", 1.0)]
    rows[0] = replace(rows[0], group="flags · local server", server="local")
    rows[1] = replace(rows[1], group="primes")
    lines = shown(rows)
    assert lines.index("primes") < lines.index("flags · local server")


def test_rows_with_other_workers_than_most_of_their_group_have_them_behind_the_name() -> None:
    lines = shown([FAST, NEAR, replace(SLOW, workers=1), row("trio", 3.0, workers=8)])
    assert lines[2].startswith("2 workers · ")
    assert [line.split("  ")[0] for line in lines[4:]] == [
        "threaded", "asyncio", "trio (8)", "sequential",
    ]  # fmt: skip


def test_the_longest_names_fit_80_columns() -> None:
    longest = row("a" * MAX_NAME, 9.9999, 9.9999, workers=50, efficiency=1.0)
    rows = [longest, row("sequential", 12345.678)]
    shown(rows)
    lines = shown(rows, Run(Path("0003_x.json"), {}, True, (row("sequential", 1.0, work="other"),)))
    assert lines[3].split() == [
        "model", "median", "s", "spread", "×", "seq.", "of", "best", "vs", "0003",
    ]  # fmt: skip
    assert lines[5].endswith("other work")


def test_a_baseline_adds_ratios_or_why_there_are_none() -> None:
    before = (row("threaded", 1.0), row("sequential", 1.0, work="other"))
    lines = shown([FAST, SLOW, NEAR], Run(Path("0003_x.json"), {}, True, before))
    assert lines[3].endswith("vs 0003")
    assert [line.split()[-1] for line in lines[4:7]] == ["1.10", "new", "work"]


@pytest.mark.parametrize(
    ("share", "drawn"), [(0, ""), (0.5, "███▌"), (1, "█" * BAR), (1.5, "█" * BAR), (0.02, "▏")]
)
def test_a_bar_shows_eighths_and_has_a_fixed_width(share: float, drawn: str) -> None:
    assert bar(share, BAR).ljust(BAR) == drawn.ljust(BAR)


# -- metrics ------------------------------------------------------------------------------------------


def measured(model: str, gap: float, frames: float, *, work: str = "w") -> Row:
    gaps = Metric("longest_gap", "s", "lower", (gap, gap * 1.1, gap * 0.9))
    shares = Metric("frames_shown", "share", "higher", (frames, frames, frames))
    return replace(row(model, 0.3, 0.31, 0.32, work=work), metrics=(gaps, shares))


CALM, JERKY = measured("threaded", 0.02, 0.975), measured("asyncio_task", 0.3, 0.05)


def test_metrics_are_in_the_table_of_the_times() -> None:
    lines = shown([CALM, JERKY])
    assert lines[3].split() == ["longest", "frames"]
    assert lines[4].split() == ["gap", "shown"]
    assert lines[5].split()[:7] == ["model", "median", "s", "ms", "↓", "%", "↑"]
    assert ["threaded", "0.310", "20.0", "97.5", "1.00"] in [line.split()[:5] for line in lines]


@pytest.mark.parametrize("criterion", ["longest_gap", "frames_shown"])
def test_rows_are_in_the_order_of_what_decides_whichever_way_is_better(criterion: str) -> None:
    rows = [replace(each, workload="work") for each in (JERKY, CALM)]
    lines = shown(rows, work={"criterion": criterion})
    assert [line.split()[0] for line in lines[-2:]] == ["threaded", "asyncio_task"]
    assert lines[-3].endswith("× worst")


def test_metrics_that_do_not_fit_beside_the_times_are_below_them() -> None:
    names = ("latency", "memory", "throughput", "frames_shown", "overhead", "stopping", "in_flight")
    metrics = tuple(Metric(name, "count", "lower", (1.0, 2.0)) for name in names)
    longest = replace(CALM, model="a" * MAX_NAME, metrics=metrics)
    lines = shown([longest, replace(longest, id="other", workers=8)])
    headings = [line.split() for line in lines if line.startswith("model")]
    assert len(headings) == 3
    assert headings[0][:3] == ["model", "median", "s"]


def test_metrics_are_compared_as_times_are() -> None:
    before = measured("threaded", 0.01, 0.975)
    base = Run(Path("0003_x.json"), {}, True, (before,))
    lines = [line.split() for line in shown([CALM, JERKY], base)]
    assert ["threaded", "20.0", "±", "10%", "2.00", "97.5", "±", "0%", "1.00"] in lines
    assert ["asyncio_task", "300.0", "±", "10%", "5.0", "±", "0%"] in lines
    other = replace(base, rows=(measured("threaded", 0.01, 0.975, work="other"),))
    lines = [line.split() for line in shown([CALM, JERKY], other)]
    assert ["threaded", "20.0", "±", "10%", "97.5", "±", "0%"] in lines


def test_a_metric_without_a_value_leaves_its_place_empty() -> None:
    before = replace(CALM, metrics=CALM.metrics[:1])
    bare = replace(row("sequential", 0.3), metrics=JERKY.metrics[1:])
    base = Run(Path("0003_x.json"), {}, True, (before,))
    lines = [line.split() for line in shown([CALM, bare], base)]
    assert ["threaded", "97.5", "±", "0%", "new", "20.0", "±", "10%", "1.00"] in lines
    assert ["sequential", "5.0", "±", "0%"] in lines


def test_the_longest_names_with_metrics_beside_a_baseline_fit_80_columns() -> None:
    more = Metric("resident_memory", "B", "lower", (123.4 * 2**20,) * 3)
    rows = [
        replace(each, model=name * MAX_NAME, metrics=(*each.metrics, more))
        for name, each in (("a", CALM), ("b", JERKY))
    ]
    base = Run(Path("0003_x.json"), {}, True, (replace(rows[0], fingerprint="other"),))
    for lines in (shown(rows), shown(rows, base)):
        assert "123.4" in "".join(lines)


# -- printing -----------------------------------------------------------------------------------------

YARDSTICKS = ({"python_loop": [[0.0, 0.002]]},)


def whole_run(*rows: Row, home: str = "here", machine: dict[str, object] | None = None) -> Run:
    return Run(
        Path("0003_x.json"), machine or {}, True, rows, home=home, yardsticks=YARDSTICKS, left_out=1
    )


def test_a_run_is_printed_with_yardsticks_footnotes_and_notes(
    capsys: pytest.CaptureFixture[str],
) -> None:
    print_run(whole_run(FAST), notes=["more"])
    lines = [line for line in capsys.readouterr().out.splitlines() if line]
    assert lines[0].split() == ["flags", "·", "local"]
    assert "pure Python loop 2.0 ms   ± 0%        1" in lines
    assert lines[-2:] == ["Default models only; 1 more row with --models=all", "note: more"]


def test_some_groups_are_printed_without_what_concerns_the_whole_run(
    capsys: pytest.CaptureFixture[str],
) -> None:
    print_run(whole_run(FAST), compare(whole_run(FAST), whole_run(FAST)), ["more"], whole=False)
    printed = capsys.readouterr().out
    assert "yardsticks" not in printed
    assert "Default models only" not in printed
    assert printed.endswith("note: more\n")


def test_some_groups_beside_another_machine_keep_the_yardsticks_that_explain_the_scaling(
    capsys: pytest.CaptureFixture[str],
) -> None:
    here = whole_run(replace(FAST, yardstick="python_loop"))
    print_run(here, compare(here, whole_run(FAST, home="there")), whole=False)
    printed = capsys.readouterr().out
    assert "yardsticks" in printed
    assert "* other machine: CPU-bound rows are scaled by the yardstick ratio" in printed
