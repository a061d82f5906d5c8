"""``python -m programs.spinner``: a spinner that goes on, or stands still, as its model lets it."""

from __future__ import annotations

import re

import pytest

from tests.programs.conftest import Interrupted, Program, Terminal


@pytest.mark.parametrize("model", ["threaded", "multiprocess", "asyncio_task", "asyncio_to_thread"])
def test_what_was_seen_is_told_with_the_units_that_did_it(program: Program, model: str) -> None:
    ended = program("programs.spinner", "--work=wait", "--seconds=1.5", "--model", model)
    assert ended.returncode == 0, ended.stderr
    drawn_by = {
        "threaded": "thread 1",
        "multiprocess": "process 1",
        "asyncio_task": "main thread, task 2",
        "asyncio_to_thread": "main thread, task 1",
    }
    assert re.search(rf"frames shown  \d+ of \d+ that were due, by {drawn_by[model]}\n", ended.stdout)
    slow = {"asyncio_task": "main thread, task 1", "asyncio_to_thread": "thread 1"}
    assert f"s in {slow.get(model, 'main thread')}: 47 is prime" in ended.stdout


def test_a_coroutine_that_computes_lets_nobody_draw(program: Program) -> None:
    ended = program("programs.spinner", "--model=asyncio_task", "--timeline")
    assert ended.returncode == 0, ended.stderr
    assert "frames shown  none" in ended.stdout
    assert "the spinner stood still: it shares the slow part's thread" in ended.stdout
    assert "task  ┣slow━" in ended.stdout


def test_in_a_pipe_nothing_is_written_over(program: Program) -> None:
    ended = program("programs.spinner", "--work=wait", "--seconds=0", "--timeline")
    assert "\r" not in ended.stdout
    assert "pondering" not in ended.stdout
    assert "thread 1" in ended.stdout


def test_ctrl_c_ends_what_nothing_else_could(interrupted: Interrupted) -> None:
    ended = interrupted("programs.spinner", "--model=trio_nursery", when="a frame each")
    assert ended.returncode == 130
    assert re.search(r"interrupted after \d+\.\d+ s: \d+ frames? shown, and no answer", ended.stdout)
    assert ended.stderr == ""


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--work=sleep"], "'sleep' is not one of"),
        (["--seconds=1"], "--seconds is for --work wait"),
        (["--work=wait", "--seconds=-1"], "not in the range"),
        (["--work=wait", "--seconds=nan"], "expected a number of seconds"),
        (["--workers=2"], "threaded has a bound of its own, 1"),
    ],
)
def test_what_makes_no_sense_is_refused_in_a_sentence(
    program: Program, arguments: list[str], said: str
) -> None:
    ended = program("programs.spinner", *arguments)
    assert ended.returncode == 2
    assert said in ended.stderr


def test_in_a_terminal_it_spins_and_leaves_the_terminal_as_it_was(terminal: Terminal) -> None:
    terminal.run("programs.spinner", "--work=wait", "--seconds=600")
    seen = set()

    def two_frames(screen: str) -> bool:
        seen.update(re.findall(r"(\S) pondering!.*frame (\d+),", screen))
        # Of other signs: between two looks there may have been as many frames as there are signs.
        return len({sign for sign, _ in seen}) >= 2

    terminal.wait_for(two_frames)
    assert len({sign for sign, _ in seen}) >= 2
    terminal.press("C-c")
    screen = terminal.ended()
    assert "exit code 130" in screen
    assert "pondering" not in screen
    assert "^C" not in screen
    assert "interrupted after" in screen
    assert terminal.has_cursor()
