"""The agreement of two timers: what is judged, in which order they are asked; the times are made up."""

from __future__ import annotations

import gc
import importlib.util
import json
import math
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

import impls
from concurbench.report.text import COLUMNS, as_text
from concurbench.runner.workspace import Workspace
from studies.agreement import __main__ as command
from studies.agreement import pairs, record
from studies.agreement.pairs import Observed, Pair
from studies.agreement.rows import IN_LOOP, IN_LOOP_WITHIN, ROWS, WITHIN, Row
from studies.agreement.table import table, within_of
from studies.agreement.timers import CannotMeasure, Timers
from studies.agreement.verdict import Verdict, interval, judge

MACHINE = {
    "system": "linux", "cpu": "AMD EPYC", "usable_cores": 2, "python_implementation": "CPython",
    "python_version": "3.11.7", "packages": {"pyperf": "2.10.0"},
}  # fmt: skip

A, B = Row("flags", "threaded", "pop20", "local"), Row("primes", "sequential", "large")


# -- the verdict --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "rank"), [(6, 1), (9, 2), (10, 2), (20, 6), (30, 10), (50, 18), (100, 40)]
)
def test_the_interval_goes_from_and_to_the_values_that_the_published_tables_name(
    number: int, rank: int
) -> None:
    values = [float(value) for value in range(1, number + 1)]
    assert interval(values[::-1]) == (rank, number + 1 - rank)


@pytest.mark.parametrize("number", range(1, 6))
def test_up_to_five_pairs_tell_nothing_of_the_median(number: int) -> None:
    assert interval([1.0] * number) == (0.0, math.inf)
    assert judge([1.0] * number, WITHIN).verdict is Verdict.NOT_SHOWN


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [
        (0.97, 1.02, Verdict.AGREES),
        (0.95, 1.05, Verdict.AGREES),
        (1.02, 1.04, Verdict.AGREES),
        (0.94, 1.02, Verdict.NOT_SHOWN),
        (0.98, 1.06, Verdict.NOT_SHOWN),
        (0.90, 1.10, Verdict.NOT_SHOWN),
        (1.04, 1.30, Verdict.NOT_SHOWN),
        (1.06, 1.30, Verdict.DIFFERS),
        (0.70, 0.94, Verdict.DIFFERS),
    ],
)
def test_what_counts_is_where_the_whole_interval_lies(
    low: float, high: float, verdict: Verdict
) -> None:
    ratios = [low / 2] * 5 + [low] * 5 + [high] * 5 + [high * 2] * 5
    judgement = judge(ratios, WITHIN)
    assert (judgement.low, judgement.high) == (low, high)
    assert judgement.ratio == pytest.approx((low + high) / 2)
    assert judgement.verdict is verdict


def test_a_coroutine_that_does_nothing_may_differ_more() -> None:
    ratios = [0.85] * 10 + [1.15] * 10
    assert judge(ratios, WITHIN).verdict is Verdict.NOT_SHOWN
    assert judge(ratios, IN_LOOP_WITHIN).verdict is Verdict.AGREES
    assert within_of(IN_LOOP.name) == IN_LOOP_WITHIN
    assert within_of(ROWS[0].name) == WITHIN


# -- the pairs ----------------------------------------------------------------------------------------


def test_the_timers_take_turns_in_coming_first_and_every_row_has_a_pair_before_any_has_the_next() -> (
    None
):
    asked: list[str] = []

    def concurbench(row: Row) -> Observed:
        asked.append(f"{row.workload} concurbench")
        return Observed((1.0,), 2)

    def pyperf(row: Row, like: Observed) -> tuple[float, ...]:
        asked.append(f"{row.workload} pyperf")
        return (1.0,)

    taken = list(pairs.take([A, B], 3, concurbench, pyperf))
    turn = ["flags concurbench", "flags pyperf", "primes concurbench", "primes pyperf"]
    back = ["flags pyperf", "flags concurbench", "primes pyperf", "primes concurbench"]
    assert asked == [*turn, *back, *turn]
    assert [(pair.row, pair.first) for pair in taken] == [
        (row.name, first) for first in ("concurbench", "pyperf", "concurbench") for row in (A, B)
    ]


def test_pyperf_is_told_what_concurbench_did_last() -> None:
    observed = [Observed((1.0,) * rounds, 2) for rounds in (3, 4, 5)]
    coming = iter(observed)
    told: list[Observed] = []

    def pyperf(row: Row, like: Observed) -> tuple[float, ...]:
        told.append(like)
        return (1.0,)

    list(pairs.take([A], 3, lambda row: next(coming), pyperf))
    assert told == [observed[0], observed[0], observed[2]]


def test_of_the_timer_with_more_rounds_the_first_ones_count() -> None:
    assert Pair("x", "pyperf", (2.0, 4.0, 9.0, 9.0), (1.0, 2.0)).ratio == 2.0
    assert Pair("x", "pyperf", (3.0, 1.0), (1.0, 3.0, 5.0, 7.0)).ratio == 1.0


# -- the rows -----------------------------------------------------------------------------------------


def test_there_are_rows_of_six_kinds_at_least_and_a_coroutine_by_itself() -> None:
    kinds = {(row.workload, row.model, row.server) for row in ROWS if row is not IN_LOOP}
    assert len(kinds) >= 6
    assert len({row.name for row in ROWS}) == len(ROWS) == len(kinds) + 1
    for row in (each for each in ROWS if each is not IN_LOOP):
        assert row.case in import_module(f"impls.{row.workload}").CASES
        servers = impls.find(row.workload, row.model).servers
        assert row.server is None or servers is None or row.server in servers


# -- the command --------------------------------------------------------------------------------------


def kept(path: Path, ratios: Sequence[float], rows: Sequence[Row] = ROWS) -> Path:
    """A file with pairs of these ratios of these rows."""
    file = record.Record(path, MACHINE, [row.name for row in rows])
    for ratio in ratios:
        for row in rows:
            file.add(Pair(row.name, "pyperf", (ratio * 1.8, ratio * 1.8), (1.8, 1.8, 0.01)))
    return path


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(command.main, list(map(str, arguments)))


def test_it_is_exit_0_where_all_rows_agree(tmp_path: Path) -> None:
    done = run("--from", kept(tmp_path / "x.json", [0.99, 1.01] * 10))
    assert done.exit_code == 0, done.output
    assert f"Both timers agree on {len(ROWS)} rows (within 5%," in done.output
    assert done.output.count(" agrees") == len(ROWS)


def test_it_is_exit_1_where_one_differs(tmp_path: Path) -> None:
    path = kept(tmp_path / "x.json", [1.0] * 20)
    content = json.loads(path.read_text())
    for pair in content["pairs"]:
        if pair["row"] == ROWS[2].name:
            pair["concurbench"] = [9.9]
    path.write_text(json.dumps(content))
    done = run("--from", path)
    assert done.exit_code == 1
    assert f"on {len(ROWS) - 1} of {len(ROWS)} rows (" in done.output
    assert done.output.count(" differs") == 1


def test_it_is_exit_1_where_the_pairs_are_too_few(tmp_path: Path) -> None:
    done = run("--from", kept(tmp_path / "x.json", [1.0] * 5))
    assert done.exit_code == 1
    assert f"on 0 of {len(ROWS)} rows (" in done.output


def test_the_table_fits_into_80_columns(tmp_path: Path) -> None:
    content = record.read(kept(tmp_path / "x.json", [0.9, 1.111] * 10))
    lines = as_text(table(content), COLUMNS).splitlines()
    for row in ROWS:
        [line] = [line for line in lines if line.startswith(f"{row.name} ")]
        assert len(line) <= COLUMNS
        assert line.endswith("agrees" if row is IN_LOOP else "not shown")


def test_the_table_goes_between_the_marks(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- agreement -->\nold\n<!-- /agreement -->\nafter\n")
    source = kept(tmp_path / "x.json", [1.0] * 20)
    assert run("--from", source, "--into", page).exit_code == 0
    text = page.read_text()
    assert text.startswith("before\n<!-- agreement -->\n```text\n")
    assert text.endswith("pyperf 2.10.0.\n```\n<!-- /agreement -->\nafter\n")
    assert ROWS[0].name in text
    assert "old" not in text


def test_several_files_are_shown_one_below_the_other(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("<!-- agreement -->\n<!-- /agreement -->\n")
    first = kept(tmp_path / "x.json", [1.0] * 20)
    content = json.loads(first.read_text())
    content["rows"] = [IN_LOOP.name]
    content["pairs"] = [each for each in content["pairs"] if each["row"] == IN_LOOP.name]
    second = tmp_path / "y.json"
    second.write_text(json.dumps(content))
    done = run("--from", first, "--from", second, "--into", page)
    assert done.exit_code == 0, done.output
    assert "Both timers agree on 1 row (within 20%)." in done.output
    assert page.read_text().count(f"\n{IN_LOOP.name} ") == 2


@pytest.mark.parametrize(
    ("text", "told"),
    [("{", "not an agreement"), ('{"format": 1}', "its format is 1"), ("[]", "not an agreement")],
)
def test_a_file_that_holds_no_agreement_is_named(tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / "x.json"
    path.write_text(text)
    done = run("--from", path)
    assert done.exit_code == 2
    assert str(path) in done.output
    assert told in done.output


def test_marks_that_are_missing_are_told_before_anything_is_measured(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("no marks\n")
    done = run("--into", page)
    assert done.exit_code == 2
    assert "<!-- agreement -->" in done.output


def test_a_part_that_no_row_has_is_told_with_the_rows_there_are() -> None:
    done = run("-k", "nonsense")
    assert done.exit_code == 2
    assert "no row has 'nonsense' in its name" in done.output
    assert ROWS[-1].name in done.output


def test_without_pyperf_it_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    done = run()
    assert done.exit_code == 2
    assert done.output == "Error: this needs pyperf: pip install 'concurbench[agreement]'\n"


def test_what_cannot_be_measured_is_exit_2_and_keeps_the_pairs_so_far(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    pytest.importorskip("pyperf", reason="no package pyperf")

    def pyperf(self: Timers, row: Row, like: Observed) -> tuple[float, ...]:
        if row is ROWS[1]:
            raise CannotMeasure(f"{row.name} by pyperf: it does not want to")
        return (1.0,)

    monkeypatch.setattr(Timers, "concurbench", lambda self, row: Observed((1.0,), 2))
    monkeypatch.setattr(Timers, "pyperf", pyperf)
    done = run("--json", tmp_path / "x.json")
    assert done.exit_code == 2
    assert f"{ROWS[1].name} by pyperf: it does not want to" in done.output
    assert list(record.pairs(json.loads((tmp_path / "x.json").read_text()))) == [ROWS[0].name]
    again = run("--from", tmp_path / "x.json")
    assert again.exit_code == 2
    assert "it ended before each row had a pair" in again.output


def test_more_pairs_join_those_of_an_earlier_file_of_this_machine(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    pytest.importorskip("pyperf", reason="no package pyperf")
    monkeypatch.setattr(Timers, "concurbench", lambda self, row: Observed((1.0,), 2))
    monkeypatch.setattr(Timers, "pyperf", lambda self, row, like: (1.0,))
    file = tmp_path / "x.json"
    assert run("--pairs", "12", "-k", "digests", "--json", file).exit_code == 0
    assert run("--pairs", "8", "--more", file).exit_code == 0
    found = record.pairs(json.loads(file.read_text()))
    [digests] = [row.name for row in ROWS if row.workload == "digests"]
    assert {row: len(pairs) for row, pairs in found.items()} == {digests: 20}
    assert run("--pairs", "6", "--more", file, "-k", IN_LOOP.name).exit_code == 0
    found = record.pairs(json.loads(file.read_text()))
    assert {row: len(pairs) for row, pairs in found.items()} == {digests: 20, IN_LOOP.name: 6}
    elsewhere = kept(tmp_path / "y.json", [1.0])
    assert run("--more", elsewhere).exit_code == 2
    assert "was measured across a change of" in run("--more", elsewhere).output


# -- the timers ---------------------------------------------------------------------------------------


@pytest.fixture
def timers(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    pytest.importorskip("pyperf", reason="no package pyperf")
    monkeypatch.setenv("CONCURBENCH_LOCK", str(tmp_path))
    with Workspace() as workspace:
        yield Timers(workspace)


def test_both_timers_time_the_rounds_of_a_row(timers: Timers) -> None:
    row = Row("flags", "threaded", "pop20", "mock")
    observed = timers.concurbench(row)
    assert observed.workers == 20
    seconds = timers.pyperf(row, observed)
    assert len(seconds) == len(observed.seconds)
    assert min(*seconds, *observed.seconds) > 0


def test_both_timers_time_a_coroutine_that_does_nothing(timers: Timers) -> None:
    observed = timers.concurbench(IN_LOOP)
    assert len(observed.seconds) == len(timers.pyperf(IN_LOOP, observed)) == 1
    assert 0 < observed.seconds[0] < 1e-4  # of one call, not of a round of many


def test_a_row_that_cannot_be_timed_is_told_by_its_name(timers: Timers) -> None:
    row = Row("flags", "nonsense", "pop20", "mock")
    with pytest.raises(CannotMeasure, match=r"flags\[nonsense-mock-pop20\] by pytest .*no 'nonsense'"):
        timers.concurbench(row)
    with pytest.raises(CannotMeasure, match=r"flags\[nonsense-mock-pop20\] by pyperf .*no model"):
        timers.pyperf(row, Observed((1.0,), 20))


def test_the_script_has_no_time_for_a_wrong_answer() -> None:
    pytest.importorskip("pyperf", reason="no package pyperf")
    from studies.agreement.script import __main__ as script

    def check(job: int, answer: object) -> None:
        assert answer == job + 1

    jobs = iter([1, 2, 3])
    try:
        with pytest.raises(AssertionError):
            script.rounds(
                lambda job: 2, setup=lambda: next(jobs), check=check, warm_up=lambda: 1, number=2
            )
    finally:
        gc.unfreeze()
    assert list(jobs) == [3]  # the first was right, the second was not
