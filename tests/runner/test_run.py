"""The command ``run``: what becomes of the results of its sessions, which are fakes here."""

from __future__ import annotations

import errno
import json
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from concurbench import machine
from concurbench.errors import Interrupted
from concurbench.measure.lock import SessionLock
from concurbench.measure.rounds import LONG
from concurbench.results import records
from concurbench.runner.child import ChildResult
from concurbench.runner.measured import RECORD
from tests.fakes import MODELS, Answer, Command, content, result, row

TIMES = {row("sequential"): 0.4, row("threaded"): 0.2, row("processes"): 0.3}


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    return Command("run", tmp_path, monkeypatch, passing)


def passing(_: int, __: str, rows: Sequence[str]) -> ChildResult:
    return result(rows, TIMES)


def passes(saved: dict[str, Any], model: str) -> list[int]:
    [found] = [each for each in saved["benchmarks"] if each["fullname"] == row(model)]
    return [each["number"] for each in found["extra_info"]["passes"]]


def failing(number: int, **failed: str) -> Answer:
    """Fails these models from this session on."""
    why = {row(model): text for model, text in failed.items()}
    return lambda at, _, rows: result(
        rows, TIMES, failed=why if at >= number else {}, code=at >= number
    )


def test_several_passes_become_one_numbered_run_that_later_runs_are_compared_with(run: Command) -> None:
    done = run("--passes", "3")
    assert done.exit_code == 0, done.output
    assert "3 passes" in done.output
    [name] = run.saved
    assert name.startswith(f"{machine.folder()}/0001_")
    assert f"saved results/{name}" in done.output
    assert run.load("0001_*")["concurbench"]["complete"] is True
    assert passes(run.load("0001_*"), "sequential") == [1, 2, 3]
    again = run("--passes", "3", "--benchmark-compare")
    assert "vs 0001" in again.output
    assert "vs 0001" in run("--passes", "1", "--benchmark-compare=1").output


def test_each_pass_visits_the_rows_in_another_order(run: Command) -> None:
    run("--passes", "3")
    first, second, third = (models for _, models in run.suite.visits)
    assert first == list(MODELS)
    assert len({tuple(first), tuple(second), tuple(third)}) == 3


def test_a_row_with_long_rounds_is_visited_in_the_first_passes_only(run: Command) -> None:
    times = {**TIMES, row("threaded"): LONG}
    run("--passes", "5", answer=lambda _, __, rows: result(rows, times))
    assert passes(run.load("0001_*"), "threaded") == [1, 2, 3]


def test_without_a_number_the_run_has_as_many_passes_as_the_verdict_needs(run: Command) -> None:
    done = run()
    assert done.exit_code == 0, done.output
    assert passes(run.load("0001_*"), "threaded") == [1, 2, 3]
    assert run.load("0001_*")["concurbench"]["complete"] is True


def test_a_row_that_fails_in_one_pass_is_in_no_run_and_not_visited_again(run: Command) -> None:
    done = run("--passes", "3", "--benchmark-save=x", answer=failing(2, threaded="expected 3, got 4"))
    assert done.exit_code == 1
    assert f"FAILED {row('threaded')}: expected 3, got 4" in done.output
    assert "1 of 3 rows failed" in done.output
    assert run.saved == [f"{machine.folder()}/x.json"]
    assert {each["fullname"] for each in run.load("x.json")["benchmarks"]} == {
        row("sequential"), row("processes")
    }  # fmt: skip
    assert ["threaded" in models for _, models in run.suite.visits] == [True, True, False]


def test_a_row_that_was_edited_between_two_passes_has_failed(run: Command) -> None:
    def edited(number: int, _: str, rows: Sequence[str]) -> ChildResult:
        made = content(TIMES)
        made["benchmarks"][1]["extra_info"]["source"] = str(number)
        return ChildResult([], dict.fromkeys(rows, ("passed", "")), made)

    done = run("--passes", "2", answer=edited)
    assert done.exit_code == 1
    assert f"{row('threaded')}: it was changed while it was measured" in done.output
    assert run.saved == []


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        ({"code": 1}, "pytest ended with exit code 1"),
        ({"errors": ["1 row skipped, and not expected to be"]}, "and not expected to be"),
    ],
)
def test_a_pass_that_fails_for_another_reason_than_a_row_fails_the_run(
    run: Command, more: dict[str, Any], sentence: str
) -> None:
    done = run("--passes", "1", answer=lambda _, __, rows: result(rows, TIMES, **more))
    assert done.exit_code == 1
    assert sentence in done.output
    assert run.saved == []


def test_a_skipped_row_is_kept_with_its_reason(run: Command) -> None:
    skipped = {row("threaded"): "no package trio"}
    run("--passes", "1", answer=lambda _, __, rows: result(rows, TIMES, skipped=skipped))
    assert run.load("0001_*")["concurbench"]["skipped"] == skipped


def test_a_partial_run_is_saved_only_on_request_and_gets_no_number(run: Command) -> None:
    def narrowed(_: int, __: str, rows: Sequence[str]) -> ChildResult:
        return result(rows, TIMES, ours={"incomplete": ["--cases=few"]})

    done = run("--passes", "1", answer=narrowed)
    assert done.exit_code == 0
    assert "not a complete run, so not saved (--benchmark-save=NAME saves it anyway)" in done.output
    assert (run.saved, run.aside) == ([], [])
    named = run("--passes", "1", "--benchmark-save=mine", "--benchmark-json=out.json", answer=narrowed)
    assert "not a complete run, so no baseline: --cases=few" in named.output
    assert run.saved == [f"{machine.folder()}/mine.json"]
    assert json.loads(Path("out.json").read_text())["concurbench"]["incomplete"] == ["--cases=few"]


def test_a_run_with_a_regression_fails_and_is_no_baseline(run: Command) -> None:
    run("--passes", "1")
    slower = {**TIMES, row("threaded"): 0.3}
    done = run(
        "--passes", "1", "--benchmark-compare", "--benchmark-compare-fail=median:10%",
        answer=lambda _, __, rows: result(rows, slower),
    )  # fmt: skip
    assert done.exit_code == 1
    assert "slower than --benchmark-compare-fail allows: x[threaded]" in done.output
    assert len(run.saved) == 1


@pytest.mark.parametrize("kind", ["died", "disk full", "signal"])
def test_a_run_that_ends_early_keeps_the_passes_that_were_measured(run: Command, kind: str) -> None:
    def ends(number: int, _: str, rows: Sequence[str]) -> ChildResult:
        if number < 3:
            return result(rows, TIMES)
        if kind == "signal":
            raise Interrupted(signal.SIGINT)
        if kind == "disk full":
            raise OSError(errno.ENOSPC, "No space left on device", "/x/told")
        return ChildResult(trouble="pytest was ended by SIGSEGV")

    done = run("--passes", "5", answer=ends)
    assert done.exit_code == (130 if kind == "signal" else 1)
    assert "2 of 5 passes" in done.output
    sentence = {
        "died": "error: pytest was ended by SIGSEGV",
        "disk full": "error: cannot write /x/told: no space left on device",
        "signal": "interrupted",
    }[kind]
    assert sentence in done.output
    [kept] = run.aside
    assert f"saved {kept.relative_to(run.folder)}" in done.output
    assert run.saved == []
    assert len(run.suite.visits) == 3


def test_nothing_timed_is_no_answer(run: Command) -> None:
    done = run(answer=lambda _, __, rows: result(rows, {}, failed={rows[0]: "wrong"}, code=1))
    assert done.exit_code == 2
    assert "FAILED" in done.output


def test_each_pass_is_on_disk_before_the_next_one_starts(run: Command) -> None:
    folder = run.folder / "state/concurbench/running"
    entries: list[int] = []

    def answer(number: int, _: str, rows: Sequence[str]) -> ChildResult:
        [file] = folder.glob("*.jsonl")
        entries.append(len(records.read(file, RECORD)[1]))
        return result(rows, TIMES)

    run("--passes", "3", answer=answer)
    assert entries == [0, 1, 2]
    assert not list(folder.glob("*"))  # the saved run holds all of it


def test_what_a_killed_command_had_measured_can_be_made_a_run(run: Command) -> None:
    left = run.folder / "left.jsonl"

    def killed(number: int, _: str, rows: Sequence[str]) -> ChildResult:
        if number == 3:
            [file] = (run.folder / "state/concurbench/running").glob("*.jsonl")
            left.write_bytes(file.read_bytes()[:-100])  # the second entry is cut off
        return result(rows, TIMES)

    run("--passes", "3", answer=killed)
    done = run("--from", str(left), "--benchmark-save=rescued")
    assert done.exit_code == 0, done.output
    assert "0 of 3 passes" in done.output
    assert run.load("rescued.json")["concurbench"]["passes"] == 1
    assert run.suite.visits == []
    Path("other.jsonl").write_text("{}")
    assert run("--from", "other.jsonl").exit_code == 2


@pytest.mark.parametrize("how", ["interrupted", "killed"])
def test_an_interrupted_run_goes_on_where_it_ended(run: Command, how: str) -> None:
    running, left = run.folder / "state/concurbench/running", run.folder / "left.jsonl"

    def ends(number: int, _: str, rows: Sequence[str]) -> ChildResult:
        if number == 3 and how == "interrupted":
            raise Interrupted(signal.SIGINT)
        if number == 3:
            [file] = running.glob("*.jsonl")
            left.write_bytes(file.read_bytes() + b'{"pass": 3, "passes"')  # cut off
        return result(rows, TIMES)

    done = run("--passes", "5", answer=ends)
    if how == "interrupted":
        [left] = running.glob("*.jsonl")
        assert f"to go on, repeat the command with --resume={left}" in done.output
    for other in (["--passes", "4"], ["--passes", "5", "--models=all"]):
        refused = run(*other, f"--resume={left}")
        assert refused.exit_code == 2
        assert f"{left} was measured with other" in refused.output
    done = run("--passes", "5", f"--resume={left}")
    assert done.exit_code == 0, done.output
    assert len(run.suite.visits) == 3
    assert passes(run.load("0001_*" if how == "interrupted" else "0002_*"), "threaded") == [
        1,
        2,
        3,
        4,
        5,
    ]
    assert not left.exists()


def test_options_of_the_suite_and_arguments_behind_two_dashes_go_to_pytest(run: Command) -> None:
    run("--models=all", "--cases", "small", "--losses", "--", "-k", "threaded", "test_x.py")
    assert list(run.suite.arguments[-6:]) == [
        "--models=all", "--cases=small", "--losses", "-k", "threaded", "test_x.py"
    ]  # fmt: skip


@pytest.mark.parametrize("how", ["option", "configuration"])
def test_the_results_folder_can_be_named(run: Command, how: str) -> None:
    storage = "--benchmark-storage=file://kept"
    if how == "configuration":
        run.storage = "kept"
    done = run("--passes", "1", *([storage] if how == "option" else []))
    assert done.exit_code == 0, done.output
    assert [path.name[:5] for path in run.folder.glob("kept/*/*.json")] == ["0001_"]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--nonsense"], "arguments for pytest go behind --"),
        (["--benchmark-compare=7"], "--benchmark-compare: no run '7'"),
        (["--benchmark-compare-fail=median:5%"], "needs --benchmark-compare"),
        (
            ["--benchmark-compare", "--benchmark-compare-fail=x"],
            "compare-fail': Could not parse",
        ),
        (
            ["--benchmark-compare", "--benchmark-compare-fail=median:5%"],
            "--benchmark-compare-fail: nothing to compare with yet",
        ),
        (["--benchmark-json=nowhere/x.json"], "cannot write nowhere/x.json: no folder nowhere"),
        (["--benchmark-storage=file"], "cannot write"),
        (["--passes", "0"], "0 is not in the range"),
        (["--benchmark-save=x/y"], "'--benchmark-save': Must not contain"),
        (["--benchmark-save="], "'--benchmark-save': Can't be empty"),
        (["--", "--collect-only"], "--collect-only: nothing would be timed"),
        (["--", "-n", "2"], "-n: nothing would be timed"),
    ],
)
def test_a_refusal_is_one_sentence_before_anything_is_measured(
    run: Command, arguments: list[str], sentence: str
) -> None:
    Path("file").write_text("")
    done = run(*arguments)
    assert done.exit_code == 2
    assert sentence in done.output
    assert run.suite.visits == []
    assert run.saved == []


def test_a_suite_without_benchmarks_is_refused_with_the_reason(run: Command) -> None:
    run.rows = {Path(sys.executable).name: ChildResult(trouble="--models: no 'x'")}
    done = run()
    assert (done.exit_code, done.output) == (2, "Error: --models: no 'x'\n")


def test_a_run_is_refused_while_another_session_measures(run: Command) -> None:
    lock = SessionLock()
    lock.acquire("a test")
    try:
        done = run("--passes", "1")
    finally:
        lock.release()
    assert done.exit_code == 2
    assert "another benchmark session is running" in done.output
