"""``python -m programs.flags_metadata``: the program of flags, with two requests a country."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from impls import flags
from programs.flags import chosen
from servers.flags import PROFILES
from tests.programs.conftest import Interrupted, Program, Terminal


@pytest.mark.parametrize("model", ["sequential", "threaded", "asyncio_short_holds", "trio_nursery"])
def test_names_come_from_the_server(program: Program, tmp_path: Path, model: str) -> None:
    ended = program("programs.flags_metadata", "VN", "XX", f"--model={model}")
    assert ended.returncode == 0, ended.stderr
    assert "1 downloaded, 1 not found, 0 failed" in ended.stdout
    assert [path.name for path in (tmp_path / "downloaded").iterdir()] == ["Viet_Nam.gif"]


def test_what_is_there_from_an_earlier_run_is_replaced(program: Program, tmp_path: Path) -> None:
    (tmp_path / "downloaded").mkdir()
    (tmp_path / "downloaded" / "Viet_Nam.gif").write_text("old")
    ended = program("programs.flags_metadata", "VN")
    assert ended.returncode == 0, ended.stdout
    [file] = (tmp_path / "downloaded").iterdir()
    assert file.read_bytes() == flags.site()["vn/vn.gif"]


def test_a_country_is_lost_with_either_of_its_requests_and_no_other_is(
    program: Program, tmp_path: Path
) -> None:
    codes = chosen(("B", "C"))
    fated = {path[:2].upper() for path in PROFILES["error"].faults(flags.site(), seed=3)}
    ended = program(
        "programs.flags_metadata", "B", "C", "--server=error", "--seed=3", "--timeout=8", "--max-req=40"
    )
    assert ended.returncode == 1
    [told] = re.findall(r"(\d+) downloaded, (\d+) not found, (\d+) failed", ended.stdout)
    downloaded, not_found, failed = map(int, told)
    assert downloaded == len(set(codes) - fated) < len(codes)
    assert downloaded + not_found + failed == len(codes)
    assert len(list((tmp_path / "downloaded").iterdir())) == downloaded


def test_the_time_line_has_both_requests_of_a_country(program: Program, tmp_path: Path) -> None:
    program("programs.flags_metadata", "FR", "--model=sequential", "--svg=line.svg")
    picture = (tmp_path / "line.svg").read_text()
    assert picture.index("FR: waits") < picture.index("FR name: waits")


def test_ctrl_c_keeps_what_is_complete(interrupted: Interrupted, tmp_path: Path) -> None:
    ended = interrupted(
        "programs.flags_metadata", "--all", "--max-req=3", "--verbose", "--model=threaded", when="  ok "
    )
    assert ended.returncode == 130
    [downloaded] = re.findall(r"(\d+) downloaded, 0 not found, 0 failed", ended.stdout)
    files = [path.name for path in (tmp_path / "downloaded").iterdir()]
    assert len(files) == int(downloaded) >= 1
    assert all(file.endswith(".gif") for file in files)


def test_what_makes_no_sense_is_refused_in_a_sentence(program: Program) -> None:
    ended = program("programs.flags_metadata", "XYZ")
    assert ended.returncode == 2
    assert "XYZ is no code" in ended.stderr


def test_a_terminal_shows_how_it_gets_on(terminal: Terminal) -> None:
    terminal.run("programs.flags_metadata", "--all", "--limit=40", "--model=sequential")
    bar = re.compile(r"━+ +\d+/40 \d+ downloaded")
    assert bar.search(terminal.wait_for(bar.search))
    assert "40 downloaded, 0 not found, 0 failed" in terminal.ended()
