"""``python -m programs.coroutines``: what each kind of coroutine does, step by step."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree as Xml

import pytest

from tests.programs.conftest import Interrupted, Program, Terminal


def steps(output: str) -> list[str]:
    """What is told of each step, in words with single blanks between them."""
    lines = [line for line in output.splitlines() if re.match(r"[ \d]{4}  [ \d]{4} +\w+\(", line)]
    return [" ".join(line.split()) for line in lines]


def test_a_native_coroutine_that_is_awaited_is_never_suspended(program: Program) -> None:
    ended = program("programs.coroutines", "--model=native", "--calls=1")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert steps(ended.stdout) == [
        "1 1 run(…) starts",
        "successor(0) starts",
        "successor(0) returns 1",
        "run(…) returns [1]",
    ]
    assert "successor: 1 native coroutine, never suspended" in ended.stdout
    assert "in 1 turn of the loop, no task beside the model's own" in ended.stdout
    assert re.search(r"^[\d,]+ ns a call, measured once, unseen, in 10,000 calls$", ended.stdout, re.M)


def test_a_classic_coroutine_is_suspended_after_each_number_that_is_sent(program: Program) -> None:
    ended = program("programs.coroutines", "--model=classic", "--calls=1", "--timeline")
    assert steps(ended.stdout)[1:-1] == [
        "successors() starts",
        "successors() yields 0",
        "successors() goes on with 0",
        "successors() yields 1",
        "successors() is closed",
    ]
    assert "successors: 1 generator, suspended 2 times" in ended.stdout
    rows = [line.split()[0] for line in ended.stdout.splitlines() if "┣" in line or "┃" in line]
    assert rows[:2] == ["run", "successors"]


def test_tasks_begin_in_another_turn_of_the_loop(program: Program) -> None:
    ended = program("programs.coroutines", "--model=asyncio_gather", "--workers=1", "--calls=2")
    told = steps(ended.stdout)
    assert told.index("run(…) suspends on a GatheringFuture") < told.index("2 2 successor(0) starts")
    assert told.index("successor(0) returns 1") < told.index("5 3 successor(1) starts")
    assert "2 tasks beside the model's own" in ended.stdout


def test_without_a_name_the_main_kinds_are_shown_and_compared(program: Program, tmp_path: Path) -> None:
    ended = program("programs.coroutines", "--svg=line.svg")
    assert (ended.returncode, ended.stderr) == (0, "")
    lines = ended.stdout.splitlines()
    assert max(map(len, lines)) <= 80
    [heading] = [number for number, line in enumerate(lines) if line.endswith("tasks  ns a call")]
    table = {line.split()[0]: line.split()[1:4] for line in lines[heading + 1 : heading + 11]}
    assert table["sequential"] == table["native"] == ["0", "1", "0"]
    assert table["classic"] == ["3", "1", "0"]
    assert table["async_generator"] == ["2", "1", "0"]
    assert table["turn_of_the_loop"] == ["4", "3", "0"]
    assert table["asyncio_create_task"] == ["2", "5", "2"]
    Xml.fromstring((tmp_path / "line.svg").read_text())
    assert "classic successors" in (tmp_path / "line.svg").read_text()


def test_ctrl_c_tells_what_was_shown_whole(interrupted: Interrupted) -> None:
    ended = interrupted("programs.coroutines", "--calls=100", when="turn")
    assert ended.returncode == 130
    assert re.search(r"^cut off: \d+ models? not shown whole$", ended.stdout, re.M)
    assert ended.stderr == ""


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--model=nobody"], "there is no model nobody"),
        (["--model=native", "--workers=2"], "native has a bound of its own, 1"),
        (["--calls=0"], "0 is not in the range"),
        (["--calls=many"], "'many' is not a valid integer"),
        (["--svg=nowhere/line.svg"], "cannot write nowhere/line.svg"),
    ],
)
def test_what_makes_no_sense_is_refused_in_a_sentence(
    program: Program, arguments: list[str], said: str
) -> None:
    ended = program("programs.coroutines", *arguments)
    assert ended.returncode == 2
    assert said in ended.stderr
    assert "Traceback" not in ended.stderr


def test_in_a_terminal_it_is_the_same(terminal: Terminal) -> None:
    terminal.run("programs.coroutines", "--model=async_generator", "--timeline")
    screen = terminal.ended()
    assert "yields 2" in screen
    assert "successors: 1 asynchronous generator, suspended 2 times" in screen
    assert "exit code 0" in screen
