"""``python -m programs.primes``: numbers and what they are, as it becomes known."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from tests.programs.conftest import Interrupted, Program, Start, Terminal, environ

SLOW = "9007199254740881"
"""A prime that takes seconds."""


@pytest.mark.parametrize("model", ["sequential", "threaded", "multiprocess", "multiprocess_spawn"])
def test_each_number_is_told_with_the_unit_that_tested_it(program: Program, model: str) -> None:
    ended = program("programs.primes", "97", "91", "2", "--model", model)
    assert ended.returncode == 0, ended.stderr
    told = {line.split()[0]: line for line in ended.stdout.splitlines()[1:4]}
    assert {number: " P " in line for number, line in told.items()} == {
        "97": True,
        "91": False,
        "2": True,
    }
    unit = {"sequential": "main thread", "threaded": "thread 1"}.get(model, "process 1")
    assert any(line.endswith(unit) for line in told.values())
    assert "2 primes among 3 numbers tested" in ended.stdout


def test_it_ends_without_a_word_where_nobody_reads_on() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "wb") as pipe:
        ended = subprocess.run(
            [sys.executable, "-m", "programs.primes", "97"],
            env=environ(), text=True, stdout=pipe, stderr=subprocess.PIPE, check=False,
        )  # fmt: skip
    assert (ended.returncode, ended.stderr) == (141, "")


def test_it_goes_well_where_its_output_is_closed() -> None:
    ended = subprocess.run(
        ["/bin/sh", "-c", f"{sys.executable} -m impls.primes 97 >&-"],
        env=environ(), text=True, stderr=subprocess.PIPE, check=False,
    )  # fmt: skip
    assert (ended.returncode, ended.stderr) == (0, "")


def test_ctrl_c_tells_what_was_tested_and_what_was_not(interrupted: Interrupted) -> None:
    ended = interrupted(
        "programs.primes",
        "--model=threaded",
        "--workers=1",
        "--timeline",
        "97",
        SLOW,
        SLOW,
        when=" 97 ",
    )
    assert ended.returncode == 130
    assert "1 prime among 1 number tested" in ended.stdout
    assert "interrupted: 2 not tested" in ended.stdout
    assert ended.stderr == ""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_other_signals_end_it_likewise_with_their_own_exit_code(
    interrupted: Interrupted, number: signal.Signals
) -> None:
    ended = interrupted("programs.primes", "--model=sequential", "97", SLOW, when=" 97 ", number=number)
    assert ended.returncode == 128 + number
    assert "interrupted: 1 not tested" in ended.stdout


def test_no_temporary_file_of_a_model_that_was_ended_is_left(running: Start) -> None:
    with tempfile.TemporaryDirectory(dir="/tmp") as temporary:  # not pytest's, whose name is long
        primes = running("programs.primes", "97", SLOW, "--model=multiprocess", TMPDIR=temporary)
        primes.read_until(" 97 ")
        assert list(Path(temporary).rglob("listener-*"))  # the fork server's
        primes.process.send_signal(signal.SIGINT)
        assert primes.ended().returncode == 130
        assert list(Path(temporary).iterdir()) == []


def test_a_model_with_a_bound_of_its_own_is_told_with_that(program: Program) -> None:
    ended = program("programs.primes", "97", "--model=sequential")
    assert ended.stdout.startswith("1 number, sequential, 1 at a time\n")


def test_the_time_line_is_drawn_in_the_terminal_and_into_a_file(
    program: Program, tmp_path: Path
) -> None:
    ended = program("programs.primes", "--model=threaded", "--timeline", "--svg=line.svg")
    assert ended.returncode == 0
    assert "thread 1  ┣" in ended.stdout
    assert max(map(len, ended.stdout.splitlines())) <= 80
    assert "thread 1" in (tmp_path / "line.svg").read_text()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--model=nobody"], "there is no model nobody"),
        (["--model=sequential", "--workers=2"], "sequential has a bound of its own, 1"),
        (["97", "--below=5"], "both is one too many"),
        (["x"], "'x' is not a valid integer"),
        (["--svg=nowhere/line.svg"], "cannot write nowhere/line.svg"),
    ],
)
def test_what_makes_no_sense_is_refused_in_a_sentence(
    program: Program, arguments: list[str], said: str
) -> None:
    ended = program("programs.primes", *arguments)
    assert ended.returncode == 2
    assert said in ended.stderr
    assert "Traceback" not in ended.stderr


def test_in_a_terminal_it_is_the_same(terminal: Terminal) -> None:
    terminal.run("programs.primes", "97", "--model=sequential", "--timeline")
    screen = terminal.ended()
    assert "1 prime among 1 number tested" in screen
    assert "main thread  ┣" in screen
    assert "exit code 0" in screen
