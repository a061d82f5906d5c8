"""The summary of a run: tables, units, and the models named best."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from concurbench.report.summary import BAR, MAX_NAME, bar, best, print_run, summary, verdict, yardsticks
from concurbench.report.text import as_text
from concurbench.results.baseline import RunComparison, compare
from concurbench.results.row import Metric, Row
from concurbench.results.runs import Run


def row(
    model: str, *seconds: float, workers: int = 2, efficiency: float | None = None, work: str = "w"
) -> Row:
    made = Row(f"{model}-{workers}", "flags · local", model, seconds, workers=workers, fingerprint=work)
    return replace(made, limit=efficiency and made.median * efficiency)


def shown(rows: list[Row], base: Run | None = None, width: int = 80) -> str:
    console = Console(file=io.StringIO(), width=width, no_color=True)
    console.print(summary(rows, RunComparison(base) if base else None))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


FAST = row("threaded", 1.0, 1.1, 1.2, efficiency=0.5)
NEAR = row("asyncio", 1.1, 1.2, 1.3, efficiency=0.4)
SLOW = row("sequential", 10.0, 10.1, 10.2, efficiency=0.95)


def test_the_fastest_model_is_named_alone_if_its_spread_is_clear_of_the_others() -> None:
    assert verdict([SLOW, FAST]) == "→ threaded"


def test_overlapping_spreads_are_a_tie_with_the_fastest_first() -> None:
    assert verdict([SLOW, NEAR, FAST]) == "→ tied: threaded, asyncio"
    assert best([SLOW, NEAR, FAST]) == [FAST, NEAR]


def test_among_equals_the_one_with_the_best_median_comes_first() -> None:
    wide = row("wide", 0.5, 1.2, 1.9)
    assert best([wide, FAST]) == [FAST, wide]


def test_a_yardstick_has_half_of_its_range_as_its_spread() -> None:
    readings = {"python_loop": [[0.0, 0.001], [0.1, 0.002], [0.2, 0.004]]}
    shown = as_text(yardsticks(readings), 80).splitlines()[-1]
    assert shown.split() == ["pure", "Python", "loop", "2.0", "ms", "±", "75%", "3"]


def test_a_single_row_is_not_named_as_the_fastest() -> None:
    assert verdict([FAST]) == ""


def test_a_model_with_several_rows_is_named_with_its_workers() -> None:
    assert (
        verdict([row("threaded", 1.0, workers=8), row("threaded", 2.0, workers=4)]) == "→ threaded (8)"
    )


def test_a_group_shows_times_faster_than_sequential_and_the_share_of_the_limit() -> None:
    lines = shown([SLOW, FAST]).splitlines()
    assert "median s" in lines[2]
    assert lines[3].split() == ["threaded", "2", "1.100", "±", "9%", "3", "9.2", "███▌", "50%"]
    assert lines[4].split() == ["sequential", "2", "10.100", "±", "1%", "3", "1.0", "██████▋", "95%"]


def test_the_best_row_is_bold() -> None:
    lines = as_text(summary([SLOW, FAST], None), 80, colour=True).splitlines()
    assert [line.split(" ")[0] for line in lines[3:5]] == ["\x1b[1mthreaded", "sequential"]


def test_rows_without_a_server_come_first() -> None:
    rows = [row("a", 1.0), row("b", 1.0)]
    rows[0] = replace(rows[0], group="flags · local server", server="local")
    rows[1] = replace(rows[1], group="primes")
    text = shown(rows)
    assert text.index("primes") < text.index("flags")


def test_the_longest_names_fit_80_columns() -> None:
    longest = row("a" * MAX_NAME, 9.9999, 9.9999, workers=50, efficiency=1.0)
    rows = [longest, row("sequential", 12345.678)]
    text = shown(rows)
    assert "median s spread rounds × seq. of the limit" in text
    text += shown(rows, Run(Path("0003_x.json"), {}, True, (row("sequential", 1.0, work="other"),)))
    assert "median s spread × seq. of limit    vs 0003" in text
    assert "other work" in text
    assert "…" not in text
    assert max(map(len, text.splitlines())) <= 80


def test_without_a_sequential_row_there_are_no_times_faster() -> None:
    cells = "threaded 2 1.100 ± 9% 3 ███▌ 50%"
    assert " ".join(shown([FAST]).splitlines()[3].split()) == cells


def test_a_baseline_adds_ratios_or_why_there_are_none() -> None:
    before = (row("threaded", 1.0), row("sequential", 1.0, work="other"))
    base = Run(Path("0003_x.json"), {}, True, before)
    lines = shown([FAST, SLOW, NEAR], base).splitlines()
    assert lines[2].rstrip().endswith("vs 0003")
    assert [line.split()[-1] for line in lines[3:6]] == ["1.10", "new", "work"]


@pytest.mark.parametrize(
    ("share", "drawn"), [(0, ""), (0.5, "███▌"), (1, "█" * BAR), (1.5, "█" * BAR), (0.02, "▏")]
)
def test_a_bar_shows_eighths_and_has_a_fixed_width(share: float, drawn: str) -> None:
    assert bar(share) == drawn.ljust(BAR)


# -- metrics ------------------------------------------------------------------------------------------


def measured(model: str, gap: float, frames: float, *, work: str = "w") -> Row:
    gaps = Metric("longest_gap", "s", "lower", (gap, gap * 1.1, gap * 0.9))
    shares = Metric("frames_shown", "share", "higher", (frames, frames, frames))
    return replace(row(model, 0.3, 0.31, 0.32, work=work), metrics=(gaps, shares))


CALM, JERKY = measured("threaded", 0.02, 0.975), measured("asyncio_task", 0.3, 0.05)


def test_metrics_are_below_the_times_the_best_first() -> None:
    lines = shown([JERKY, CALM]).splitlines()
    start = next(number for number, line in enumerate(lines) if "longest" in line)
    assert lines[start].split() == ["longest", "frames"]
    assert lines[start + 1].split() == ["gap", "shown"]
    assert lines[start + 2].split() == ["model", "ms", "↓", "spread", "%", "↑", "spread"]
    start += 1
    assert lines[start + 2].split() == ["threaded", "20.0", "±", "10%", "97.5", "±", "0%"]
    assert lines[start + 3].split() == ["asyncio_task", "300.0", "±", "10%", "5.0", "±", "0%"]
    lines = [line.rstrip() for line in lines[start + 4 : start + 6]]
    assert lines == ["→ longest gap: threaded", "→ frames shown: threaded"]


def test_the_best_by_a_metric_is_the_highest_if_higher_is_better() -> None:
    assert best([JERKY, CALM], "frames_shown") == [CALM]
    assert best([JERKY, CALM], "longest_gap") == [CALM]
    assert best([JERKY, CALM, JERKY], "frames_shown") == [CALM]


def test_overlapping_spreads_are_a_tie_by_a_metric_too() -> None:
    near = measured("trio", 0.021, 0.975)
    assert verdict([JERKY, near, CALM], "longest_gap") == "→ longest gap: tied: threaded, trio"
    assert verdict([CALM, near], "frames_shown") == "→ frames shown: tied: threaded, trio"


def test_rows_are_in_the_order_of_the_first_metric_whichever_way_is_better() -> None:
    rows = [replace(each, metrics=each.metrics[::-1]) for each in (JERKY, CALM)]
    text = shown(rows)
    below = text[text.index("frames") :]
    assert below.index("threaded") < below.index("asyncio_task")


def test_spreads_that_overlap_upwards_are_a_tie_if_higher_is_better() -> None:
    def fast(model: str, *rates: float) -> Row:
        return replace(row(model, 0.3), metrics=(Metric("rate", "1/s", "higher", rates),))

    first, near, far = fast("a", 90, 100, 101), fast("b", 80, 85, 95), fast("c", 80, 85, 89)
    assert verdict([far, near, first], "rate") == "→ rate: tied: a, b"


def test_rows_of_one_model_have_their_workers_behind_the_name() -> None:
    text = shown([CALM, replace(CALM, id="other", workers=8)])
    assert "threaded (2)  " in text
    assert "threaded (8)  " in text


def test_metrics_are_compared_as_times_are() -> None:
    before = measured("threaded", 0.01, 0.975)
    text = shown([CALM, JERKY], Run(Path("0003_x.json"), {}, True, (before,)))
    lines = [line.split() for line in text.splitlines()]
    assert ["threaded", "20.0", "±", "10%", "2.00", "97.5", "±", "0%", "1.00"] in lines
    assert ["asyncio_task", "300.0", "±", "10%", "5.0", "±", "0%"] in lines
    other = measured("threaded", 0.01, 0.975, work="other")
    text = shown([CALM, JERKY], Run(Path("0003_x.json"), {}, True, (other,)))
    assert text.count("other work") == 1
    assert ["threaded", "20.0", "±", "10%", "97.5", "±", "0%"] in [
        line.split() for line in text.splitlines()
    ]


def test_a_metric_without_a_value_leaves_its_place_empty() -> None:
    before = replace(CALM, metrics=CALM.metrics[:1])
    bare = replace(row("sequential", 0.3), metrics=JERKY.metrics[1:])
    text = shown([CALM, bare], Run(Path("0003_x.json"), {}, True, (before,)))
    lines = [line.split() for line in text.splitlines()]
    assert ["threaded", "97.5", "±", "0%", "new", "20.0", "±", "10%", "1.00"] in lines
    assert ["sequential", "5.0", "±", "0%"] in lines


def test_the_longest_names_with_three_metrics_fit_80_columns() -> None:
    more = Metric("resident_memory", "B", "lower", (123.4 * 2**20,) * 3)
    rows = [
        replace(each, model=name * MAX_NAME, metrics=(*each.metrics, more))
        for name, each in (("a", CALM), ("b", JERKY))
    ]
    base = Run(Path("0003_x.json"), {}, True, (replace(rows[0], fingerprint="other"),))
    for text in (shown(rows), shown(rows, base)):
        assert "…" not in text
        assert max(map(len, text.splitlines())) <= 80
    assert "123.4" in shown(rows)


def test_a_fourth_metric_gets_a_table_of_its_own() -> None:
    names = ("a", "b", "c", "d")
    metrics = tuple(Metric(name, "count", "lower", (1.0, 2.0)) for name in names)
    text = shown([replace(CALM, metrics=metrics), replace(JERKY, metrics=metrics)])
    lines = [line.split() for line in text.splitlines()]
    headings = [lines[number - 1] for number, line in enumerate(lines) if line[:1] == ["model"]]
    assert headings[1:] == [["a", "b", "c"], ["d"]]


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
