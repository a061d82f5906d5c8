"""The command ``matrix``: which sessions it makes and what becomes of their results; all fakes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

import pytest
from packaging.version import Version

from concurbench import machine
from concurbench.matrix import interpreters
from concurbench.matrix.interpreters import Found, InstalledInterpreter
from concurbench.measure.lock import SessionLock
from concurbench.runner import environments
from concurbench.runner.child import ChildResult
from concurbench.runner.environments import EnvironmentFailed
from tests.fakes import MODELS, Command, collected, content, result, row

TIMES = {row("sequential"): 0.4, row("threaded"): 0.2, row("processes"): 0.3}


def home(name: str) -> str:
    return machine.folder(f"cpython-{name}")


def python(version: str, free_threaded: bool = False, virtual: bool = True) -> InstalledInterpreter:
    made = InstalledInterpreter(Path("/x"), Version(version), free_threaded, virtual=virtual)
    return InstalledInterpreter(
        Path("/x") / made.name, Version(version), free_threaded, virtual=virtual
    )


def measured(_: int, name: str, rows: Sequence[str]) -> ChildResult:
    """Twice as fast under 3.13t."""
    factor = 0.5 if name == "3.13t" else 1.0
    return result(rows, {id: seconds * factor for id, seconds in TIMES.items()}, home=home(name))


@pytest.fixture
def matrix(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    found = Found([python("3.11.7"), python("3.13.1", True)], [(python("3.10.9"), "not >=3.11")])
    monkeypatch.setattr(interpreters, "find", lambda *_: found)
    return Command("matrix", tmp_path, monkeypatch, measured)


def runs_of(matrix: Command) -> list[str]:
    return [name[: name.index("/") + 5] for name in matrix.saved]


def test_each_interpreter_gets_an_ordinary_run_and_all_get_one_table(matrix: Command) -> None:
    done = matrix("--passes", "2", "--models=all", "--", "-k", "x")
    assert done.exit_code == 0, done.output
    assert "× as fast as sequential in 3.11, where 1.0 is 0.400 s" in done.output
    assert "threaded   2.00  4.00" in done.output
    assert "Medians of 2 passes" in done.output
    assert runs_of(matrix) == [f"{home('3.11')}/0001", f"{home('3.13t')}/0001"]
    assert list(matrix.suite.arguments[-3:]) == ["--models=all", "-k", "x"]
    [file] = matrix.folder.glob(f"results/{home('3.13t')}/*.json")
    saved = json.loads(file.read_text())
    assert saved["concurbench"]["passes"] == 2
    assert len(saved["benchmarks"]) == 3


def test_the_same_rows_are_measured_under_all_interpreters_back_to_back(matrix: Command) -> None:
    matrix("--passes", "2")
    names = [name for name, _ in matrix.suite.visits]
    assert names == ["3.11", "3.13t", "3.13t", "3.11"]
    first, second, third, fourth = (models for _, models in matrix.suite.visits)
    assert first == second == list(MODELS)
    assert third == fourth != first


def test_slices_of_a_pass_become_one_pass_of_the_run(matrix: Command) -> None:
    groups = [replace(each, group=str(each.model == "threaded")) for each in collected()]
    rows = ChildResult(groups, storage=str(matrix.folder / "results"))
    matrix.rows = {"3.11": rows, "3.13t": rows}
    matrix("--passes", "3")
    assert len(matrix.suite.visits) == 12
    for file in matrix.folder.glob("results/*/*.json"):
        saved = json.loads(file.read_text())
        assert saved["concurbench"]["passes"] == 3
        assert {len(each["stats"]["data"]) for each in saved["benchmarks"]} == {3}


def test_the_last_runs_are_shown_without_measuring(matrix: Command) -> None:
    matrix("--passes", "2")
    again = matrix("--saved")
    assert again.exit_code == 0, again.output
    assert "threaded   2.00 4.00" in again.output
    assert matrix.suite.visits == []
    one = matrix("--from", f"{home('3.13t')}/1")
    assert "threaded   2.00\n" in one.output


def test_without_saved_runs_there_is_nothing_to_show(matrix: Command) -> None:
    done = matrix("--saved")
    assert done.exit_code == 2
    assert "concurbench matrix makes them" in done.output


def test_a_row_that_fails_under_one_interpreter_is_named_and_the_others_are_kept(
    matrix: Command,
) -> None:
    def fails(number: int, name: str, rows: Sequence[str]) -> ChildResult:
        if name == "3.11":
            return measured(number, name, rows)
        failed = {row("threaded"): "expected 3, got 4"}
        skipped = {row("processes"): "no package trio"}
        return result(rows, TIMES, home=home(name), failed=failed, skipped=skipped, code=1)

    done = matrix("--passes", "1", answer=fails)
    assert done.exit_code == 1
    assert "failed: x[threaded] in 3.13t: expected 3, got 4" in done.output
    assert "– 3.13t: 1 × no package trio" in done.output
    assert "threaded   2.00 failed" in done.output
    assert runs_of(matrix) == [f"{home('3.11')}/0001"]
    [aside] = matrix.aside
    assert "3.13t" in aside.name
    assert f"saved {aside.relative_to(matrix.folder)}" in done.output


def test_a_session_that_dies_fails_its_rows_and_the_other_interpreter_goes_on(matrix: Command) -> None:
    def dies(number: int, name: str, rows: Sequence[str]) -> ChildResult:
        if name == "3.13t":
            return ChildResult(trouble="pytest was ended by SIGSEGV")
        return measured(number, name, rows)

    done = matrix("--passes", "2", answer=dies)
    assert done.exit_code == 1
    assert "failed: x[sequential] and 2 more in 3.13t: pytest was ended by SIGSEGV" in " ".join(
        done.output.split()
    )
    assert runs_of(matrix) == [f"{home('3.11')}/0001"]
    assert [name for name, _ in matrix.suite.visits] == ["3.11", "3.13t", "3.11"]


def test_an_interpreter_whose_pytest_does_not_collect_is_named_with_the_reason(matrix: Command) -> None:
    trouble = "pytest ended (exit 1): No module named pytest"
    matrix.rows = {"3.13t": ChildResult(trouble=trouble)}
    done = matrix("--passes", "1")
    assert done.exit_code == 1
    assert f"3.13t: {trouble}" in done.output
    assert runs_of(matrix) == [f"{home('3.11')}/0001"]


def test_an_interpreter_without_an_environment_is_named_with_the_reason(
    matrix: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none(*_: object) -> NoReturn:
        raise EnvironmentFailed("pip install: exit 1: no network in a test")

    monkeypatch.setattr(environments, "ensure", none)
    found = Found([python("3.11.7"), python("3.12.1", virtual=False)])
    monkeypatch.setattr(interpreters, "find", lambda *_: found)
    done = matrix("--passes", "1")
    assert done.exit_code == 1, done.output
    assert (
        "3.12: its environment .venv-3.12 could not be made: pip install: exit 1: no network in a test"
        in " ".join(done.output.split())
    )
    assert "threaded" in done.output


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--python", "3.99"], "no CPython 3.99"),
        (["--from", "nothing"], "no run 'nothing'"),
        (["--", "--collect-only"], "nothing would be timed"),
        (["-k", "x"], "arguments for pytest go behind --"),
    ],
)
def test_a_refusal_is_one_sentence_and_exit_code_2(
    matrix: Command, arguments: list[str], sentence: str
) -> None:
    done = matrix(*arguments)
    assert done.exit_code == 2
    assert sentence in done.output
    assert matrix.suite.visits == []


def test_no_rows_under_any_interpreter_is_no_answer(matrix: Command) -> None:
    matrix.rows = {name: ChildResult() for name in ("3.11", "3.13t")}
    done = matrix()
    assert done.exit_code == 2
    assert "3.11: no benchmarks to measure; 3.13t: no benchmarks to measure" in done.output


def test_a_server_interpreter_that_does_not_exist_is_named(
    matrix: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CONCURBENCH_SERVER_PYTHON", "/nowhere/python")
    done = matrix()
    assert done.exit_code == 2
    assert "CONCURBENCH_SERVER_PYTHON: no interpreter /nowhere/python" in done.output


def test_nothing_is_measured_while_another_session_measures(matrix: Command) -> None:
    lock = SessionLock()
    lock.acquire("somebody else")
    try:
        done = matrix()
    finally:
        lock.release()
    assert done.exit_code == 2
    assert "another benchmark session is running on this machine" in done.output


def test_interpreters_are_listed_and_those_not_used_with_the_reason(
    matrix: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed = matrix("--list").output
    assert "3.13t  3.13.1t  /x/3.13t" in listed
    assert "unused: not >=3.11" in listed
    assert matrix("--names").output == "3.11\n3.13t\n"
    bare = Found([python("3.12.1", virtual=False)])
    monkeypatch.setattr(interpreters, "find", lambda *_: bare)
    assert ".venv-3.12 (not made)" in matrix("--list").output


def test_a_run_of_another_python_is_a_column_of_its_name() -> None:
    from concurbench.matrix.command import _column
    from concurbench.results import runs

    made: dict[str, Any] = content({row("threaded"): 1.0})
    made["machine_info"] = {"python_version": "3.14.0rc1", "free_threaded": True}
    assert _column(runs.parse(made, Path("0001_x.json"))).name == "3.14t"
