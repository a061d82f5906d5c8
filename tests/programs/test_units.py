"""``python -m programs.units``: units of execution come and go."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.programs.conftest import Interrupted, Program, Terminal

LIFE = ["the first is started", "all are up", "they are told to end", "all are gone"]


def phases(said: str) -> list[str]:
    return re.findall(r"^ +[\d.,]+ ms  (.*)$", said, re.MULTILINE)


@pytest.mark.parametrize("model", ["threads", "processes_spawn", "subprocesses", "asyncio_tasks"])
def test_they_are_started_and_up_and_told_to_end_and_gone(program: Program, model: str) -> None:
    ended = program("programs.units", "--units=2", "--no-memory", f"--model={model}")
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.startswith(f"2 units, {model}, all at once\n")
    assert phases(ended.stdout) == LIFE
    assert re.search(
        r"^on an average one takes \S+ \S+ to start and \S+ \S+ to end$", ended.stdout, re.M
    )
    assert "of memory" not in ended.stdout


def test_they_are_weighed(program: Program) -> None:
    ended = program("programs.units", "--units=50", "--model=threads")
    assert ended.returncode == 0, ended.stderr
    assert phases(ended.stdout) == LIFE
    assert re.search(r"^one holds [\d.]+ [KM]iB of memory \([PU]SS\), all of them", ended.stdout, re.M)


def test_of_a_task_alone_no_weight_is_told(program: Program) -> None:
    ended = program("programs.units", "--units=1", "--model=asyncio_tasks")
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.startswith("1 unit, asyncio_tasks")
    assert "less than can be weighed" in ended.stdout


def test_ctrl_c_tells_what_they_were_about(interrupted: Interrupted) -> None:
    ended = interrupted(
        "programs.units", "--units=300", "--model=processes_spawn", "--timeline", when="is started"
    )
    assert ended.returncode == 130
    assert "interrupted while they were starting" in ended.stdout
    assert "main thread  ┣starting" in ended.stdout
    assert ended.stderr == ""


def test_ctrl_c_while_they_are_weighed_leaves_the_rest(interrupted: Interrupted) -> None:
    ended = interrupted(
        "programs.units", "--units=20", "--model=processes_spawn", "--timeline", when="weigh"
    )
    assert ended.returncode == 130
    assert phases(ended.stdout) == LIFE
    assert "interrupted before they were weighed" in ended.stdout
    assert "main thread  ┣" in ended.stdout


def test_the_time_line_has_the_phases(program: Program, tmp_path: Path) -> None:
    ended = program("programs.units", "--units=20", "--no-memory", "--timeline", "--svg=line.svg")
    assert ended.returncode == 0
    assert "main thread  ┣" in ended.stdout
    assert max(map(len, ended.stdout.splitlines())) <= 80
    drawn = (tmp_path / "line.svg").read_text()
    assert [phase for phase in ("starting", "up", "ending") if f">{phase}: " in drawn] == [
        "starting",
        "up",
        "ending",
    ]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--units=0"], "0 is not in the range"),
        (["--model=nobody"], "there is no model nobody"),
        (["--workers=2"], "No such option"),
    ],
)
def test_what_makes_no_sense_is_refused_in_a_sentence(
    program: Program, arguments: list[str], said: str
) -> None:
    ended = program("programs.units", *arguments)
    assert ended.returncode == 2
    assert said in ended.stderr
    assert "Traceback" not in ended.stderr


def test_in_a_terminal_it_is_the_same(terminal: Terminal) -> None:
    terminal.run("programs.units", "--units=20", "--no-memory", "--timeline")
    screen = terminal.ended()
    assert phases(screen) == LIFE
    assert "main thread  ┣" in screen
    assert "exit code 0" in screen
