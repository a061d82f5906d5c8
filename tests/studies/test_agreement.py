"""The agreement of two timers: the verdict, the order of the pairs and the command."""

from __future__ import annotations

import contextlib
import gc
import importlib.util
import json
import math
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from importlib import import_module
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import impls
from concurbench.errors import ConcurbenchError
from concurbench.report.text import COLUMNS
from concurbench.results import records
from concurbench.results.records import Record
from concurbench.runner.workspace import Workspace
from studies.agreement import __main__ as command
from studies.agreement import pairs
from studies.agreement.pairs import (
    IN_LOOP,
    IN_LOOP_WITHIN,
    KIND,
    ROWS,
    WITHIN,
    AgreementRow,
    Observed,
    Pair,
)  # fmt: skip
from studies.agreement.timers import Timers
from studies.agreement.verdict import AgreementVerdict, interval, judge, within_of

MACHINE = {
    "system": "linux", "cpu": "AMD EPYC", "usable_cores": 2, "python_implementation": "CPython",
    "python_version": "3.11.7", "packages": {"pyperf": "2.10.0"},
}  # fmt: skip

A, B = (
    AgreementRow("flags", "threaded", "pop20", "local"),
    AgreementRow("primes", "sequential", "large"),
)


# -- the verdict --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "rank"), [(6, 1), (9, 2), (10, 2), (20, 6), (30, 10), (50, 18), (100, 40)]
)
def test_the_interval_has_the_ranks_of_the_published_tables(number: int, rank: int) -> None:
    values = [float(value) for value in range(1, number + 1)]
    assert interval(values[::-1]) == (rank, number + 1 - rank)


@pytest.mark.parametrize("number", range(1, 6))
def test_five_pairs_are_too_few_for_an_interval(number: int) -> None:
    assert interval([1.0] * number) == (0.0, math.inf)
    assert judge([1.0] * number, WITHIN).verdict is AgreementVerdict.NOT_SHOWN


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [
        (0.97, 1.02, AgreementVerdict.AGREES),
        (0.95, 1.05, AgreementVerdict.AGREES),
        (1.02, 1.04, AgreementVerdict.AGREES),
        (0.94, 1.02, AgreementVerdict.NOT_SHOWN),
        (0.98, 1.06, AgreementVerdict.NOT_SHOWN),
        (0.90, 1.10, AgreementVerdict.NOT_SHOWN),
        (1.04, 1.30, AgreementVerdict.NOT_SHOWN),
        (1.06, 1.30, AgreementVerdict.DIFFERS),
        (0.70, 0.94, AgreementVerdict.DIFFERS),
    ],
)
def test_the_whole_interval_decides(low: float, high: float, verdict: AgreementVerdict) -> None:
    ratios = [low / 2] * 5 + [low] * 5 + [high] * 5 + [high * 2] * 5
    judgement = judge(ratios, WITHIN)
    assert (judgement.low, judgement.high) == (low, high)
    assert judgement.ratio == pytest.approx((low + high) / 2)
    assert judgement.verdict is verdict


def test_a_coroutine_that_does_nothing_has_a_wider_bound() -> None:
    ratios = [0.85] * 10 + [1.15] * 10
    assert judge(ratios, WITHIN).verdict is AgreementVerdict.NOT_SHOWN
    assert judge(ratios, IN_LOOP_WITHIN).verdict is AgreementVerdict.AGREES
    assert within_of(IN_LOOP.name) == IN_LOOP_WITHIN
    assert within_of(ROWS[0].name) == WITHIN


# -- the pairs ----------------------------------------------------------------------------------------


def test_the_timers_take_turns_and_every_row_gets_a_pair_before_any_gets_its_next() -> None:
    calls: list[str] = []

    def concurbench(row: AgreementRow) -> Observed:
        calls.append(f"{row.workload} concurbench")
        return Observed((1.0,), 2)

    def pyperf(row: AgreementRow, like: Observed) -> tuple[float, ...]:
        calls.append(f"{row.workload} pyperf")
        return (1.0,)

    taken = list(pairs.take([A, B], 3, concurbench, pyperf))
    turn = ["flags concurbench", "flags pyperf", "primes concurbench", "primes pyperf"]
    back = ["flags pyperf", "flags concurbench", "primes pyperf", "primes concurbench"]
    assert calls == [*turn, *back, *turn]
    assert [(pair.row, pair.first) for pair in taken] == [
        (row.name, first) for first in ("concurbench", "pyperf", "concurbench") for row in (A, B)
    ]


def test_pyperf_gets_concurbenchs_last_observation() -> None:
    observed = [Observed((1.0,) * rounds, 2) for rounds in (3, 4, 5)]
    coming = iter(observed)
    received: list[Observed] = []

    def pyperf(row: AgreementRow, like: Observed) -> tuple[float, ...]:
        received.append(like)
        return (1.0,)

    list(pairs.take([A], 3, lambda row: next(coming), pyperf))
    assert received == [observed[0], observed[0], observed[2]]


def test_the_ratio_uses_the_same_number_of_rounds_of_both_timers() -> None:
    assert Pair("x", "pyperf", (2.0, 4.0, 9.0, 9.0), (1.0, 2.0)).medians == (3.0, 1.5)
    assert Pair("x", "pyperf", (3.0, 1.0), (1.0, 3.0, 5.0, 7.0)).medians == (2.0, 2.0)


# -- the rows -----------------------------------------------------------------------------------------


def test_there_are_rows_of_six_kinds_and_a_plain_coroutine() -> None:
    kinds = {(row.workload, row.model, row.server) for row in ROWS if row is not IN_LOOP}
    assert len(kinds) >= 6
    assert len({row.name for row in ROWS}) == len(ROWS) == len(kinds) + 1
    for row in (each for each in ROWS if each is not IN_LOOP):
        assert row.case in import_module(f"impls.{row.workload}").CASES
        servers = impls.find(row.workload, row.model).servers
        assert row.server is None or servers is None or row.server in servers


# -- the command --------------------------------------------------------------------------------------


def kept(path: Path, ratios: Sequence[float], rows: Sequence[AgreementRow] = ROWS) -> Path:
    """A file with pairs of these ratios of these rows."""
    record = Record(path, KIND, {"machine": MACHINE, "rows": [row.name for row in rows]})
    for ratio in ratios:
        for row in rows:
            pair = Pair(row.name, "pyperf", (ratio * 1.8, ratio * 1.8), (1.8, 1.8, 0.01))
            record.append(asdict(pair))
    return path


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(command.main, list(map(str, arguments)))


def test_agreement_on_all_rows_is_exit_code_0(tmp_path: Path) -> None:
    done = run("--from", kept(tmp_path / "x", [0.99, 1.01] * 10))
    assert done.exit_code == 0, done.output
    assert f"Both timers agree on {len(ROWS)} rows (within 5%," in done.output
    assert done.output.count(" agrees") == len(ROWS)


def test_a_row_that_differs_is_exit_code_1(tmp_path: Path) -> None:
    path = kept(tmp_path / "x", [1.0] * 20, [A])
    record = Record.reopened(path)
    for _ in range(20):
        record.append(asdict(Pair(B.name, "pyperf", (9.9,), (1.8,))))
    done = run("--from", path)
    assert done.exit_code == 1
    assert "on 1 of 2 rows (" in done.output
    assert done.output.count(" differs") == 1


def test_too_few_pairs_are_exit_code_1(tmp_path: Path) -> None:
    done = run("--from", kept(tmp_path / "x", [1.0] * 5))
    assert done.exit_code == 1
    assert f"on 0 of {len(ROWS)} rows (" in done.output
    assert "need more pairs (--more)" in done.output


def test_the_table_fits_into_80_columns(tmp_path: Path) -> None:
    lines = run("--from", kept(tmp_path / "x", [0.9, 1.111] * 10)).output.splitlines()
    for row in ROWS:
        [line] = [line for line in lines if line.startswith(f"{row.name} ")]
        assert len(line) <= COLUMNS
        assert line.endswith("agrees" if row is IN_LOOP else "not shown")


HEADER = json.dumps({"kind": KIND, "machine": MACHINE, "rows": []})


@pytest.mark.parametrize(
    ("arguments", "text", "sentence"),
    [
        (["--from", "x"], "{", "x is not a pyperf agreement file"),
        (["--from", "x"], '{"kind": "gate study"}', "x is not a pyperf agreement file"),
        (["--from", "x"], f'{HEADER}\n{{"row": "a"}}', "x has a pair that cannot be read"),
        (["--from", "x"], HEADER.replace("[]", '["a"]'), "x has no pairs of a: continue it"),
        (["-k", "nonsense"], "", "no row has 'nonsense' in its name: choose from flags["),
        (["--more", "x"], HEADER, "x cannot be continued: "),
    ],
)
def test_each_refusal_is_one_sentence_and_exit_code_2(
    arguments: list[str], text: str, sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("x").write_text(text)
    done = run(*arguments)
    assert done.exit_code == 2
    assert sentence in done.output
    assert "Traceback" not in done.output


def test_without_pyperf_it_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    done = run()
    assert done.exit_code == 2
    assert done.output == "Error: this needs pyperf: pip install 'concurbench[agreement]'\n"


def test_an_observation_that_fails_is_exit_code_2_and_keeps_the_pairs_so_far(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def pyperf(self: Timers, row: AgreementRow, like: Observed) -> tuple[float, ...]:
        if row is ROWS[1]:
            raise ConcurbenchError(f"{row.name} by pyperf: a wrong answer")
        return (1.0,)

    monkeypatch.setattr(Timers, "concurbench", lambda self, row: Observed((1.0,), 2))
    monkeypatch.setattr(Timers, "pyperf", pyperf)
    path = tmp_path / "x"
    done = run("--json", path)
    assert done.exit_code == 2
    assert f"{ROWS[1].name} by pyperf: a wrong answer" in done.output
    assert f"measurements: {path}" in done.output
    assert [entry["row"] for entry in records.read(path, KIND)[1]] == [ROWS[0].name]
    again = run("--from", path)
    assert again.exit_code == 2
    assert f"has no pairs of {ROWS[1].name}, " in again.output


def test_more_pairs_join_those_of_an_earlier_file_of_this_machine(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(Timers, "concurbench", lambda self, row: Observed((1.0,), 2))
    monkeypatch.setattr(Timers, "pyperf", lambda self, row, like: (1.0,))

    def counts(path: Path) -> dict[str, int]:
        return {row: len(each) for row, each in pairs.read(path).pairs.items()}

    file, copy = tmp_path / "x", tmp_path / "y"
    [digests] = [row.name for row in ROWS if row.workload == "digests"]
    assert run("--pairs", "12", "-k", "digests", "--json", file).exit_code == 0
    assert run("--pairs", "8", "--more", file).exit_code == 0
    assert counts(file) == {digests: 20}
    assert run("--pairs", "6", "--more", file, "-k", IN_LOOP.name, "--json", copy).exit_code == 0
    assert counts(copy) == {digests: 20, IN_LOOP.name: 6}
    assert counts(file) == {digests: 20}


# -- the timers ---------------------------------------------------------------------------------------


@pytest.fixture
def timers(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Timers]:
    pytest.importorskip("pyperf", reason="no package pyperf")
    monkeypatch.setenv("CONCURBENCH_LOCK", str(tmp_path))
    with Workspace() as workspace:
        yield Timers(workspace)


@pytest.mark.slow
def test_both_timers_time_the_rounds_of_a_row(timers: Timers) -> None:
    row = AgreementRow("flags", "threaded", "pop20", "mock")
    observed = timers.concurbench(row)
    assert observed.workers == 20
    seconds = timers.pyperf(row, observed)
    assert len(seconds) == len(observed.seconds)
    assert min(*seconds, *observed.seconds) > 0


@pytest.mark.slow
def test_both_timers_time_a_coroutine_that_does_nothing(timers: Timers) -> None:
    observed = timers.concurbench(IN_LOOP)
    assert len(observed.seconds) == len(timers.pyperf(IN_LOOP, observed)) == 1
    assert 0 < observed.seconds[0] < 1e-4  # of one call, not of a round of many


@pytest.mark.slow
def test_a_row_that_cannot_be_timed_is_an_error_with_its_name(timers: Timers) -> None:
    row = AgreementRow("flags", "nonsense", "pop20", "mock")
    with pytest.raises(ConcurbenchError, match=r"flags\[nonsense-mock-pop20\] by pytest .*nonsense"):
        timers.concurbench(row)
    with pytest.raises(ConcurbenchError, match=r"flags\[nonsense-mock-pop20\] by pyperf .*no model"):
        timers.pyperf(row, Observed((1.0,), 20))


class FakeProcess:
    """A process that ends with this exit code; None is one that does not end."""

    def __init__(self, code: int | None) -> None:
        self.code = code

    def wait(self, timeout: float) -> int:
        if self.code is None:
            raise subprocess.TimeoutExpired("pytest", timeout)
        return self.code


@pytest.mark.parametrize(
    ("code", "sentence"),
    [(3, r"by pytest \(exit 3\): no luck"), (0, "by pytest: no luck"), (None, "no result after 120 s")],
)
def test_a_timer_without_a_result_is_an_error_with_its_last_output(
    code: int | None, sentence: str, timers: Timers, monkeypatch: pytest.MonkeyPatch
) -> None:
    @contextlib.contextmanager
    def running(
        _: Workspace, command: Sequence[str], where: Path, environ: object, output: Path
    ) -> Iterator[FakeProcess]:
        output.write_text("no luck\n")
        yield FakeProcess(code)

    monkeypatch.setattr(Workspace, "running", running)
    with pytest.raises(ConcurbenchError, match=sentence):
        timers.concurbench(A)


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
