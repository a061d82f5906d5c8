"""``python -m programs.naps``: the story of some naps, and when the caller has the results."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.programs.conftest import Interrupted, Program, Terminal

SHORT = ["--unit=0.1"]


def lines(story: str) -> list[str]:
    """What happened, without the times."""
    return re.findall(r"^ +[\d.]+ s  +(.*)$", story, re.MULTILINE)


def results(story: str) -> list[str]:
    """The results, in the order in which the caller had them."""
    return [line for line in lines(story) if line.startswith("result")]


IN_ORDER = ["result 0: 0", "result 1: 10", "result 2: 20"]


@pytest.mark.parametrize(
    "model", ["sequential", "threaded", "multiprocess", "asyncio_gather", "asyncio_workers"]
)
def test_each_task_naps_is_done_and_then_the_caller_has_its_result(
    program: Program, model: str
) -> None:
    bound = [] if model == "sequential" else ["--workers=2"]
    ended = program("programs.naps", "--tasks=3", *SHORT, f"--model={model}", *bound)
    assert ended.returncode == 0, ended.stderr
    told = lines(ended.stdout)
    for number, seconds in enumerate(["0", "0.1", "0.2"]):
        of_task = [line for line in told if re.match(rf"(task|result) {number}\b", line)]
        assert of_task == [
            f"task {number} naps for {seconds} s",
            f"task {number} is done",
            f"result {number}: {number * 10}",
        ]
    assert "3 results after" in ended.stdout


def test_a_task_stands_the_farther_in_the_higher_its_number(program: Program) -> None:
    told = program("programs.naps", "--tasks=3", *SHORT).stdout
    columns = [
        next(line.index("result") for line in told.splitlines() if line.endswith(result))
        for result in IN_ORDER
    ]
    assert columns[1] - columns[0] == columns[2] - columns[1] == 4


def test_map_hands_over_in_the_order_of_the_tasks_whichever_is_done_first(program: Program) -> None:
    ended = program("programs.naps", "--tasks=3", "--unit=0.5", "--longest-first", "--model=threaded")
    assert results(ended.stdout) == IN_ORDER
    told = lines(ended.stdout)
    assert told.index("task 2 is done") < told.index("task 0 is done")
    assert "they came in the order of the tasks" in ended.stdout


@pytest.mark.parametrize("model", ["threaded_as_completed", "asyncio_as_completed"])
def test_as_completed_hands_over_what_is_ready(program: Program, model: str) -> None:
    ended = program("programs.naps", "--tasks=3", "--unit=1", "--longest-first", f"--model={model}")
    assert results(ended.stdout) == IN_ORDER[::-1]
    assert "they came in this order: 2 1 0" in ended.stdout


@pytest.mark.parametrize(("model", "row"), [("threaded", "thread 1"), ("asyncio_gather", "task 1")])
def test_a_time_line_is_drawn_with_a_row_for_the_caller(
    program: Program, tmp_path: Path, model: str, row: str
) -> None:
    ended = program("programs.naps", "--tasks=3", *SHORT, f"--model={model}", "--svg=line.svg")
    for drawn in ("caller", row):
        assert re.search(rf"^{drawn} +[├│▒]", ended.stdout, re.MULTILINE)
        assert f">{drawn}<" in (tmp_path / "line.svg").read_text()
    assert max(map(len, ended.stdout.splitlines())) <= 80


def test_no_time_line_is_drawn_where_it_is_not_wanted(program: Program) -> None:
    ended = program("programs.naps", "--tasks=1", "--no-timeline")
    assert ended.returncode == 0
    assert "1 result after" in ended.stdout
    assert "caller " not in ended.stdout.replace("the caller", "")


@pytest.mark.parametrize(
    ("model", "when", "had"),
    [("threaded", "result 0", "1 result"), ("asyncio_gather", "task 0 is done", "0 results")],
)
def test_ctrl_c_tells_who_is_done_and_what_the_caller_has(
    interrupted: Interrupted, model: str, when: str, had: str
) -> None:
    ended = interrupted("programs.naps", "--tasks=2", "--unit=600", f"--model={model}", when=when)
    assert ended.returncode == 130
    assert f"interrupted: 1 of 2 tasks done, the caller has {had}" in ended.stdout
    assert "├─┤ waits" in ended.stdout
    assert ended.stderr == ""


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--tasks=0"], "0 is not in the range"),
        (["--unit=0"], "0.0 is not in the range"),
        (["--unit=nan"], "expected a number of seconds"),
        (["--unit=inf"], "expected a number of seconds"),
        (["--model=sequential", "--workers=2"], "sequential has a bound of its own, 1"),
        (["5"], "unexpected extra argument"),
    ],
)
def test_what_makes_no_sense_is_refused_in_a_sentence(
    program: Program, arguments: list[str], said: str
) -> None:
    ended = program("programs.naps", *arguments)
    assert ended.returncode == 2
    assert said in ended.stderr
    assert "Traceback" not in ended.stderr


def test_in_a_terminal_it_is_the_same(terminal: Terminal) -> None:
    terminal.run("programs.naps", "--tasks=2", *SHORT)
    screen = terminal.ended()
    assert results(screen) == IN_ORDER[:2]
    assert re.search(r"^caller +[├│▒]", screen, re.MULTILINE)
    assert "exit code 0" in screen
