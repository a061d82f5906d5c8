"""``python -m programs.saving``: files as they are written, and what became of the loop."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from impls import saving
from tests.conftest import until
from tests.programs.conftest import Interrupted, Program, Terminal

WRITTEN_BY = {
    "blocking": "main thread, task 1",
    "asyncio_to_thread": "thread 1",
    "asyncio_aiofiles": "main thread, task 1",
    "trio_to_thread": "thread 1",
    "trio_open_file": "main thread, task 1",
}


@pytest.mark.parametrize("model", WRITTEN_BY)
def test_each_file_is_told_with_the_unit_that_began_it(program: Program, model: str) -> None:
    ended = program("programs.saving", "--files=3", "--size=1000", "--synced", "--model", model)
    assert ended.returncode == 0, ended.stderr
    told = [line for line in ended.stdout.splitlines() if " ms  " in line]
    assert sorted(line.split()[0] for line in told) == ["0000.bin", "0001.bin", "0002.bin"]
    assert any(line.endswith(WRITTEN_BY[model]) for line in told)
    assert "3 files in " in ended.stdout
    assert "the loop stood still for" in ended.stdout


def test_files_in_a_folder_of_ones_own_are_kept(program: Program, tmp_path: Path) -> None:
    deep = tmp_path / ("a-long-name-" * 18)
    ended = program("programs.saving", "--files=2", "--size=5", "--dest", str(deep))
    assert ended.returncode == 0, ended.stderr
    assert f"the files are in {deep}\n" in ended.stdout
    contents = saving.Case(2, 5).contents
    assert {path.name: path.read_bytes() for path in deep.iterdir()} == {
        "0000.bin": contents[0],
        "0001.bin": contents[1],
    }


def test_ctrl_c_keeps_whole_files_and_no_parts(interrupted: Interrupted, tmp_path: Path) -> None:
    ended = interrupted(
        "programs.saving", "--files=20000", "--size=2000", "--synced", "--dest=kept", "--timeline",
        when=" ms  ",
    )  # fmt: skip
    assert ended.returncode == 130
    assert "the files are in kept" in ended.stdout
    kept = {path.name for path in (tmp_path / "kept").iterdir()}
    assert f"interrupted: {len(kept)} of 20000 files written" in ended.stdout
    assert all(name.endswith(".bin") for name in kept)
    told = {line.split()[0] for line in ended.stdout.splitlines() if " ms  thread" in line}
    assert told
    assert told <= kept
    assert all((tmp_path / "kept" / name).stat().st_size == 2000 for name in kept)
    assert ended.stderr == ""


def test_a_temporary_folder_is_removed(program: Program, tmp_path: Path) -> None:
    ended = program("programs.saving", "--files=2", "--size=5", "--timeline", TMPDIR=str(tmp_path))
    assert ended.returncode == 0, ended.stderr
    assert "event loop  ├" in ended.stdout
    assert list(tmp_path.iterdir()) == []


def test_a_temporary_folder_goes_also_where_the_program_is_killed(
    interrupted: Interrupted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    ended = interrupted(
        "programs.saving", "--files=20000", "--size=2000", "--synced",
        when=" ms  ", number=signal.SIGKILL,
    )  # fmt: skip
    assert ended.returncode == -signal.SIGKILL
    until(lambda: not list(temporary.iterdir()))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--dest=nowhere/folder"], "cannot be used: No such file"),
        (["--dest=."], ". is not empty"),
        (["--dest=file"], "'file' is a file"),
        (["--files=0"], "not in the range"),
        (["--files=1000", "--size=1000000"], "are too many"),
    ],
)
def test_what_makes_no_sense_is_refused_in_a_sentence(
    program: Program, tmp_path: Path, arguments: list[str], said: str
) -> None:
    (tmp_path / "file").write_text("")
    ended = program("programs.saving", *arguments)
    assert ended.returncode == 2
    assert said in ended.stderr


def test_in_a_terminal_it_is_the_same(terminal: Terminal) -> None:
    terminal.run("programs.saving", "--files=2", "--size=1000", "--timeline")
    screen = terminal.ended()
    assert "0001.bin" in screen
    assert "event loop  ├" in screen
    assert "exit code 0" in screen
