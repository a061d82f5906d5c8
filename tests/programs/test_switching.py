"""``python -m programs.switching``: naps beside a thread that computes, and how late each ends."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.programs.conftest import Interrupted, Program, Terminal

NAP = re.compile(r"^ +(\d+) +-?[\d,]+\.\d\d(?: |$)", re.MULTILINE)


@pytest.mark.parametrize(
    "model", ["threaded", "threaded_with_naps", "threaded_c_code", "multiprocess", "waiting_alone"]
)
def test_each_nap_is_told_and_what_the_other_one_did(program: Program, model: str) -> None:
    ended = program("programs.switching", "--naps=3", "--model", model, "--timeline")
    assert ended.returncode == 0, ended.stderr
    assert NAP.findall(ended.stdout) == ["1", "2", "3"]
    assert "in the median" in ended.stdout
    alone = model == "waiting_alone"
    assert ("nobody computed" in ended.stdout) is alone
    assert ("the other one was on a core for" in ended.stdout) is not alone
    assert ("┣computes━" in ended.stdout) is not alone


def test_the_time_line_has_the_one_that_naps_and_the_one_that_computes(
    program: Program, tmp_path: Path
) -> None:
    ended = program(
        "programs.switching", "--naps=2", "--interval=0.2", "--model=multiprocess", "--svg=line.svg"
    )
    assert ended.returncode == 0, ended.stderr
    assert "20 columns are the switch interval, 200 ms" in ended.stdout
    picture = (tmp_path / "line.svg").read_text()
    for span in ("nap: waits", "late: is late"):
        assert re.search(rf"{span}, .*, main thread<", picture)
    assert re.search(r"computes: computes, .*, process 1<", picture)


def test_ctrl_c_tells_the_naps_that_had_ended(interrupted: Interrupted) -> None:
    ended = interrupted("programs.switching", "--naps=100000", "--timeline", when="   1  ")
    assert ended.returncode == 130
    told = len(NAP.findall(ended.stdout))
    assert f"interrupted: {told} of 100000 naps ended" in ended.stdout
    assert "main thread  " in ended.stdout
    assert ended.stderr == ""


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--interval=0"], "not in the range"),
        (["--naps=0"], "not in the range"),
        (["--nap=inf"], "not in the range"),
        (["--model=nobody"], "there is no model nobody"),
    ],
)
def test_what_makes_no_sense_is_refused_in_a_sentence(
    program: Program, arguments: list[str], said: str
) -> None:
    ended = program("programs.switching", *arguments)
    assert ended.returncode == 2
    assert said in ended.stderr


def test_in_a_terminal_it_is_the_same(terminal: Terminal) -> None:
    terminal.run("programs.switching", "--naps=2", "--timeline")
    screen = terminal.ended()
    assert NAP.findall(screen) == ["1", "2"]
    assert re.search(r"^thread 1 +┣computes", screen, re.MULTILINE)
    assert "exit code 0" in screen
