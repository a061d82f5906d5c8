"""``python -m programs.bridges``: calls that block, who made them, and what became of the loop."""

from __future__ import annotations

import re

import pytest

from tests.programs.conftest import Interrupted, Program, Terminal

MADE_BY = {
    "blocking": "main thread, task 1",
    "asyncio_to_thread": "thread 1",
    "asyncio_process_pool_warm": "process 1",
    "trio_to_thread": "thread 1",
}


@pytest.mark.parametrize("model", MADE_BY)
@pytest.mark.parametrize("kind", ["waiting", "computing"])
def test_each_call_is_told_with_the_unit_that_made_it(program: Program, model: str, kind: str) -> None:
    ended = program("programs.bridges", "--calls=4", "--call", kind, "--model", model)
    assert ended.returncode == 0, ended.stderr
    told = [line for line in ended.stdout.splitlines()[1:5] if " ms  " in line]
    first = 0 if kind == "waiting" else 100_000
    assert sorted(line.split()[0] for line in told) == [f"{first + call:,}" for call in range(4)]
    assert any(line.endswith(MADE_BY[model]) for line in told)
    assert ("by the loop\n" in ended.stdout) is (model == "blocking")
    assert "the loop stood still for" in ended.stdout


def test_a_loop_that_stands_still_is_drawn_so(program: Program) -> None:
    ended = program("programs.bridges", "--calls=4", "--model=blocking", "--timeline")
    assert re.search(r"event loop  .*├stood still×+┤", ended.stdout)
    assert "task        ├0─" in ended.stdout


def test_what_computes_is_drawn_as_that(program: Program) -> None:
    ended = program("programs.bridges", "--calls=2", "--call=computing", "--timeline")
    assert "┣100000━" in ended.stdout


def test_ctrl_c_tells_the_calls_that_were_made(interrupted: Interrupted) -> None:
    ended = interrupted(
        "programs.bridges", "--model=blocking", "--calls=2000", "--timeline", when=" ms  "
    )
    assert ended.returncode == 130
    told = ended.stdout.count(" ms  main thread")
    assert f"interrupted: {told} of 2000 calls made" in ended.stdout
    assert "event loop" not in ended.stdout  # what its heart did, nobody has told
    assert ended.stderr == ""


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--calls=3"], "an even number, not 3"),
        (["--calls=0"], "not in the range"),
        (["--call=other"], "'other' is not one of"),
        (["--model=blocking", "--workers=2"], "blocking has a bound of its own, 1"),
    ],
)
def test_what_makes_no_sense_is_refused_in_a_sentence(
    program: Program, arguments: list[str], said: str
) -> None:
    ended = program("programs.bridges", *arguments)
    assert ended.returncode == 2
    assert said in ended.stderr


def test_in_a_terminal_it_is_the_same(terminal: Terminal) -> None:
    terminal.run("programs.bridges", "--calls=2", "--timeline")
    screen = terminal.ended()
    assert "event loop  ├" in screen
    assert "thread 1 " in screen
    assert "exit code 0" in screen
