"""The tables and sentences on numbers of workers."""

from __future__ import annotations

import math
import random
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from concurbench.report.curve import BAR, CPU, curves_shown, sentence, table
from concurbench.report.footnotes import legend, remarks
from concurbench.report.summary import print_run, summary
from concurbench.report.tables import MAX_NAME
from concurbench.report.text import as_text, bar
from concurbench.results.baseline import RunComparison
from concurbench.results.row import Metric, Pass, Row
from concurbench.results.runs import Run
from concurbench.verdicts.curve import Curve

COUNTS = (1, 2, 4, 8, 16, 32, 64, 128)


def run(*rows: Row) -> Run:
    return Run(Path(), {}, True, rows)


def swept(
    rate: Callable[[int], float], counts: tuple[int, ...] = COUNTS, *, model: str = "threaded",
    passes: int = 5, scatter: float = 0.002,
) -> Curve:  # fmt: skip
    """A sweep with this throughput; ``scatter`` is relative."""
    source = random.Random(3)
    rows = []
    for workers in counts:
        times = tuple(100 / rate(workers) * math.exp(source.gauss(0, scatter)) for _ in range(passes))
        rows.append(
            Row(
                f"t.py::test_flags[{model}-w{workers:02}]", "flags · local server", model, times,
                workers=workers, items=100, limit=1 / workers,
                by_pass=tuple(Pass(number, (time,)) for number, time in enumerate(times, start=1)),
            )
        )  # fmt: skip
    return Curve(model, tuple(rows))


def lawful(contention: float, coherency: float) -> Callable[[int], float]:
    return lambda n: 20 * n / (1 + contention * (n - 1) + coherency * n * (n - 1))


LAWFUL = swept(lawful(0.03, 0.0005))


def test_a_line_for_each_number_of_workers_and_that_which_is_enough_is_bold() -> None:
    lines = as_text(table(LAWFUL), 80).splitlines()
    assert lines[0] == "threaded"
    assert lines[1] == "workers items/s spread of the best speed-up per worker of the limit"
    assert lines[2].split() == ["1", "20.0", "±", "0%", "▉", "1.0", "100", "%", "20", "%"]
    assert lines[7].split()[:5] == ["32", "264", "±", "0%", "███████████"]
    bold = [line for line in as_text(table(LAWFUL), 80, colour=True).splitlines() if "\x1b[1m" in line]
    assert [line.split()[1].partition("\x1b")[0] for line in bold[2:]] == ["32"]


def test_the_sentence_has_the_law_if_it_fits() -> None:
    assert sentence(LAWFUL) == (
        "→ threaded: 32 workers are enough (94 % confidence); by the scalability law the peak is at "
        "44 workers (44 to 44), contention 3.0 % (3.0 to 3.0 %), coherency 0.050 % (0.050 to 0.050 %)"
    )


def test_the_sentence_says_where_the_law_does_not_fit() -> None:
    found = sentence(swept(lambda n: 20 * min(n, 2), (1, 2, 3, 4, 6, 8)))
    assert found == (
        "→ threaded: 2 workers are enough (94 % confidence); the scalability law does not fit: "
        "2 workers do 15 % more than it says"
    )


def test_without_coherency_there_is_no_peak() -> None:
    assert "by the scalability law no peak up to 128, contention" in sentence(swept(lawful(0.02, 0.0)))


def test_a_peak_beyond_the_numbers_measured_is_named_as_such() -> None:
    found = sentence(swept(lawful(0.02, 0.00002)))
    assert "128 workers or more are enough (the most measured; 94 % confidence)" in found
    assert "the peak is beyond 128 (2" in found


def test_a_flat_curve_has_no_peak_that_can_be_located() -> None:
    found = sentence(swept(lambda n: 20.0, (1, 2, 3, 4, 6, 8), scatter=0.05))
    assert "by the scalability law the peak cannot be located, contention" in found


def test_few_numbers_of_workers_get_a_sentence_without_the_law() -> None:
    found = swept(lambda n: 20.0 if n < 4 else 10.0, (1, 2, 4))
    assert sentence(found) == "→ threaded: 1 worker is enough (94 % confidence)"


def test_the_range_is_shown_if_passes_choose_differently_and_one_pass_has_none() -> None:
    times = {1: (4.0, 4.0, 4.0), 2: (2.0, 2.0, 2.4), 4: (2.0, 2.0, 2.0)}
    rows = tuple(
        replace(row, seconds=times[row.workers or 0], by_pass=tuple(
            Pass(number, (time,)) for number, time in enumerate(times[row.workers or 0], start=1)
        ))
        for row in swept(lambda n: 1.0, (1, 2, 4)).rows
    )  # fmt: skip
    assert sentence(Curve("m", rows)) == "→ m: 2 workers are enough (2 or more at 75 % confidence)"
    single = swept(lambda n: 20.0 * min(n, 2), (1, 2, 4), passes=1)
    assert sentence(single) == "→ threaded: 2 workers are enough (one pass: no range)"


def test_without_scipy_the_sentence_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("scipy", "scipy.special"):
        monkeypatch.setitem(sys.modules, name, None)
    assert sentence(LAWFUL) == (
        "→ threaded: 32 workers are enough (94 % confidence); no scalability law was fitted, because "
        "scipy is missing: pip install 'concurbench[scaling]'"
    )


def test_a_group_compares_models_by_their_rows_that_are_enough_and_shows_the_curves_below() -> None:
    slower = swept(lambda n: 15.0 * min(n, 4), (1, 2, 4, 8), model="processes")
    sequential = Row("s", "flags · local server", "sequential", (5.0, 5.1, 5.2), workers=1, items=100)
    lines = as_text(summary(run(*slower.rows, *LAWFUL.rows, sequential)), 80).splitlines()
    assert lines[2].startswith("32 workers · ")
    rows = [line[:13].strip() for line in lines[4:7]]
    assert rows == ["threaded", "processes (4)", "sequential"]
    assert lines[8] == "threaded"
    assert any(line.startswith("→ processes: 4 workers are enough") for line in lines)


def test_a_comparison_adds_the_ratio_of_each_number_of_workers() -> None:
    rows = tuple(replace(row, fingerprint="f") for row in LAWFUL.rows)
    before = Run(Path("0003_x.json"), {}, True, rows[:-1])
    lines = as_text(summary(run(*rows), RunComparison(before)), 80).splitlines()
    start = lines.index("threaded")
    assert lines[start + 1].endswith("of the limit vs 0003")
    assert [line.split()[-1] for line in lines[start + 2 : start + 10]] == ["1.00"] * 7 + ["new"]


def test_the_cpu_time_is_a_column_if_rows_have_it() -> None:
    assert "CPU s" not in as_text(table(LAWFUL), 80)
    cost = Metric(CPU, "s", "lower", (1.25,))
    rows = (replace(LAWFUL.rows[0], metrics=(cost,)), *LAWFUL.rows[1:])
    lines = as_text(table(Curve("threaded", rows)), 80).splitlines()
    assert lines[1].endswith("of the limit CPU s")
    assert lines[2].endswith("20 %  1.25")
    assert lines[3].endswith("19 %")


def test_rows_without_items_or_limit_have_rounds_and_no_share() -> None:
    rows = tuple(replace(row, items=None, limit=None) for row in LAWFUL.rows)
    heading = as_text(table(Curve("m", rows)), 80).splitlines()[1]
    assert "rounds/s" in heading
    assert "limit" not in heading


def test_the_widest_curve_fits_80_columns() -> None:
    cost = Metric(CPU, "s", "lower", (123.45,))
    rows = [
        replace(
            row,
            model="a" * MAX_NAME,
            workers=1000 + (row.workers or 0),
            metrics=(cost,),
            limit=row.median,
        )
        for row in swept(lambda n: 123456.0 * n).rows
    ]
    base = Run(Path("0003_x.json"), {}, True, (replace(rows[0], fingerprint="other"),))
    for comparison in (None, RunComparison(base)):
        text = as_text(summary(run(*rows), comparison), 80)
        assert "…" not in text
        assert max(map(len, text.splitlines())) <= 80


def test_the_curves_of_a_group_without_sweep_are_none() -> None:
    assert [*curves_shown(LAWFUL.rows[:2])] == []


@pytest.mark.parametrize(("share", "drawn"), [(0, ""), (0.5, "█████▌"), (1, "█" * 11), (1.5, "█" * 11)])
def test_a_bar_shows_eighths(share: float, drawn: str) -> None:
    assert bar(share, BAR) == drawn


def test_the_words_are_explained_below_a_sweep_only() -> None:
    run = Run(Path("x.json"), {}, False, LAWFUL.rows, passes=5)
    assert [line.partition(":")[0] for line in legend(run)][1:] == ["enough workers", "contention"]
    assert len([*legend(replace(run, rows=LAWFUL.rows[:2]))]) == 1


def test_a_sweep_says_if_python_reports_other_cores_than_it_may_use() -> None:
    facts = {"usable_cores": 2, "cpu_quota": 1.5, "python_cores": 8}
    run = Run(Path("x.json"), facts, False, LAWFUL.rows, passes=5)
    assert [*remarks(run)] == [
        "note: this process may use 1.5 cores (its CPU quota), but Python reports 8: pools sized by "
        "that are too large, so name the number of workers"
    ]
    assert [*remarks(replace(run, rows=LAWFUL.rows[:2]))] == []
    assert [*remarks(replace(run, machine={**facts, "python_cores": 1.5, "cpu_quota": "none"}))] == []


def test_a_whole_sweep_can_be_printed(capsys: pytest.CaptureFixture[str]) -> None:
    print_run(Run(Path("x.json"), {}, False, LAWFUL.rows, passes=5))
    assert "→ threaded: 32 workers are enough" in capsys.readouterr().out
