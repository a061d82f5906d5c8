"""``python -m programs.throttle``: who is inside, and how many."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.programs.conftest import Interrupted, Program, Terminal

SMALL = ["--units=3", "--pairs=2", "--moment=0.02"]

LINE = re.compile(r"^ +[\d.]+ s  +(in|out) +(\S.*?) +(\d+) of (\d+) inside$", re.MULTILINE)
"""In or out, who, how many are inside, the bound."""


@pytest.mark.parametrize(
    ("model", "unit"),
    [
        ("threading_semaphore", "thread"),
        ("multiprocessing_semaphore", "process"),
        ("asyncio_semaphore", "main thread, task"),
    ],
)
def test_each_unit_comes_in_and_goes_out_as_often_as_asked_and_never_too_many_are_inside(
    program: Program, model: str, unit: str
) -> None:
    ended = program("programs.throttle", *SMALL, f"--model={model}")
    assert ended.returncode == 0, ended.stderr
    told = LINE.findall(ended.stdout)
    for number in (1, 2, 3):
        own = [what for what, who, *_ in told if who == f"{unit} {number}"]
        assert own == ["in", "out"] * 2
    inside = 0
    for what, _, now, bound in told:
        inside += 1 if what == "in" else -1
        assert (int(now), bound) == (inside, "2")
        assert inside <= 2
    assert "6 times in and out" in ended.stdout
    assert "at most 2 inside at once" in ended.stdout


@pytest.mark.parametrize(
    ("model", "said"),
    [
        ("threading_semaphore", "was taken, and nobody was told: now there is room for 3"),
        ("threading_bounded", "was refused, ValueError: there is room for 2, as before"),
        ("asyncio_bounded", "was refused, ValueError: there is room for 2, as before"),
    ],
)
def test_what_became_of_one_release_too_many_is_told(program: Program, model: str, said: str) -> None:
    ended = program("programs.throttle", *SMALL, f"--model={model}")
    assert f"one release too many {said}" in ended.stdout


def test_where_one_is_alone_nobody_waits(program: Program) -> None:
    ended = program(
        "programs.throttle", "--units=1", "--pairs=1", "--moment=0", "--model=threading_lock"
    )
    assert ended.returncode == 0, ended.stderr
    assert "1 time in and out" in ended.stdout
    assert "at most 1 inside at once" in ended.stdout
    assert "waited" not in ended.stdout


def test_coroutines_come_in_in_the_order_in_which_they_wait(program: Program) -> None:
    ended = program("programs.throttle", *SMALL, "--model=asyncio_semaphore")
    assert "in and out before one that had waited longer: 0 times" in ended.stdout


def test_ctrl_c_tells_how_many_times_were_complete(interrupted: Interrupted) -> None:
    ended = interrupted(
        "programs.throttle", "--units=2", "--workers=2", "--moment=600", "--model=asyncio_semaphore",
        "--timeline", when="2 of 2 inside",
    )  # fmt: skip
    assert ended.returncode == 130
    assert "interrupted: 0 times in and out, 6 to go" in ended.stdout
    assert "one release too many" not in ended.stdout
    assert "task 1  ╞" in ended.stdout
    assert ended.stderr == ""


def test_the_time_line_tells_who_waits_and_who_is_inside(program: Program, tmp_path: Path) -> None:
    ended = program("programs.throttle", *SMALL, "--timeline", "--svg=line.svg")
    assert ended.returncode == 0
    assert "├─┤ waits  ╞═╡ holds" in ended.stdout
    assert max(map(len, ended.stdout.splitlines())) <= 80
    drawn = (tmp_path / "line.svg").read_text()
    assert "holds" in drawn
    assert "waits" in drawn


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--workers=0"], "0 is not in the range"),
        (["--moment=-1"], "-1.0 is not in the range"),
        (["--moment=nan"], "expected a number of seconds"),
        (["--model=threading_lock", "--workers=2"], "threading_lock has a bound of its own, 1"),
        (["--units=some"], "'some' is not a valid integer"),
    ],
)
def test_what_makes_no_sense_is_refused_in_a_sentence(
    program: Program, arguments: list[str], said: str
) -> None:
    ended = program("programs.throttle", *arguments)
    assert ended.returncode == 2
    assert said in ended.stderr
    assert "Traceback" not in ended.stderr


def test_in_a_terminal_it_is_the_same(terminal: Terminal) -> None:
    terminal.run("programs.throttle", *SMALL, "--timeline")
    screen = terminal.ended()
    assert len(LINE.findall(screen)) == 12
    assert "╞═╡ holds" in screen
    assert "exit code 0" in screen
