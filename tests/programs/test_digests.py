"""``python -m programs.digests``: buffers, each told as it is packed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from impls import digests
from tests.programs.conftest import Interrupted, Program, Terminal

SMALL = ["--count=3", "--size=5000"]

LINE = re.compile(r"^ +(\d+) +([\d,]+) +([\d,]+)  ([0-9a-f]{8})  +([\d.]+)  (\S.*)$", re.MULTILINE)
"""Number, bytes before and after, digest, seconds, unit."""


@pytest.mark.parametrize(
    ("model", "unit"),
    [
        ("sequential", "main thread"),
        ("threaded", "thread 1"),
        ("multiprocess", "process 1"),
        ("multiprocess_shared_memory", "process 1"),
        ("asyncio_gather", "main thread, task 1"),
    ],
)
def test_each_buffer_is_told_with_its_digest_and_the_unit_that_packed_it(
    program: Program, model: str, unit: str
) -> None:
    ended = program("programs.digests", *SMALL, f"--model={model}")
    assert ended.returncode == 0, ended.stderr
    told = sorted(LINE.findall(ended.stdout))
    right = digests.expected(digests.Case(3, 5_000).buffers)
    assert [(int(number), digest) for number, _, _, digest, _, _ in told] == [
        (number, digest[:8]) for number, digest in enumerate(right)
    ]
    assert {size for _, size, *_ in told} == {"5,000"}
    assert unit in {unit for *_, unit in told}


def test_it_closes_with_what_was_packed_and_how_much_a_second(program: Program) -> None:
    ended = program("programs.digests", "--count=1", "--size=5000", "--model=sequential")
    assert ended.returncode == 0, ended.stderr
    [(_, _, packed, *_)] = LINE.findall(ended.stdout)
    share = int(packed.replace(",", "")) / 5_000
    assert f"1 buffer packed, 5,000 bytes to {share * 100:.0f} % of that, total" in ended.stdout
    assert re.search(r"^[\d.,]+ MB a second together", ended.stdout, re.MULTILINE)


def test_a_byte_is_one(program: Program) -> None:
    ended = program("programs.digests", "--count=1", "--size=1", "--model=sequential")
    assert "1 buffer of 1 byte, " in ended.stdout
    assert "packed, 1 byte to " in ended.stdout


def test_buffers_that_are_the_same_are_told_once_each(program: Program) -> None:
    buffers = digests.Case(60, 1).buffers
    assert len(set(buffers)) < len(buffers)
    ended = program("programs.digests", "--count=60", "--size=1", "--model=sequential")
    assert [int(number) for number, *_ in LINE.findall(ended.stdout)] == list(range(60))


def test_ctrl_c_tells_what_was_packed_and_what_was_not(interrupted: Interrupted) -> None:
    ended = interrupted(
        "programs.digests", "--model=sequential", "--count=800", "--size=500000", "--timeline",
        when="main thread",
    )  # fmt: skip
    assert ended.returncode == 130
    done = len(LINE.findall(ended.stdout))
    assert 0 < done < 800
    assert re.search(rf"^{done} buffers? packed", ended.stdout, re.MULTILINE)
    assert f"interrupted: {800 - done} of 800 buffers not packed" in ended.stdout
    assert "main thread  ┣" in ended.stdout
    assert ended.stderr == ""


def test_the_time_line_is_drawn_in_the_terminal_and_into_a_file(
    program: Program, tmp_path: Path
) -> None:
    ended = program("programs.digests", "--count=4", "--size=300000", "--timeline", "--svg=line.svg")
    assert ended.returncode == 0
    assert re.search(r"^thread 1 +┣", ended.stdout, re.MULTILINE)
    assert max(map(len, ended.stdout.splitlines())) <= 80
    assert "thread 1" in (tmp_path / "line.svg").read_text()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--count=0"], "0 is not in the range"),
        (["--size=0"], "0 is not in the range"),
        (["--size=2MB"], "'2MB' is not a valid integer"),
        (["--model=nobody"], "there is no model nobody"),
    ],
)
def test_what_makes_no_sense_is_refused_in_a_sentence(
    program: Program, arguments: list[str], said: str
) -> None:
    ended = program("programs.digests", *arguments)
    assert ended.returncode == 2
    assert said in ended.stderr
    assert "Traceback" not in ended.stderr


def test_in_a_terminal_it_is_the_same(terminal: Terminal) -> None:
    terminal.run("programs.digests", *SMALL, "--model=sequential", "--timeline")
    screen = terminal.ended()
    assert "3 buffers packed" in screen
    assert len(LINE.findall(screen)) == 3
    assert "main thread  ┣" in screen
    assert "exit code 0" in screen
