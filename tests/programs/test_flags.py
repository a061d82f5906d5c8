"""``python -m programs.flags``: flags, and what became of each."""

from __future__ import annotations

import re
import signal
from pathlib import Path

import pytest

from impls import flags
from programs.flags import chosen, everything_there_is, pairs
from servers.flags import PROFILES
from servers.local import Local
from tests.conftest import until
from tests.programs.conftest import Interrupted, Program, Start, Terminal, environ

FASTEST = ["sequential", "threaded", "asyncio_gather", "multiprocess"]


def saved(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()} if folder.exists() else set()


# -- which flags --


@pytest.mark.parametrize(
    ("asked", "codes"),
    [
        (("fr", "DE", "FR"), ("DE", "FR")),
        (("XX",), ("XX",)),
        (("Q",), ("QA",)),
        (("q", "FR"), ("FR", "QA")),
        ((), tuple(sorted(flags.CASES["pop20"].codes))),
    ],
)
def test_codes_are_taken_once_each_in_order(asked: tuple[str, ...], codes: tuple[str, ...]) -> None:
    assert chosen(asked) == codes


def test_a_letter_stands_for_all_codes_there_are_that_begin_with_it() -> None:
    codes = chosen(("B",))
    assert codes[0] == "BA"
    assert codes[-1] == "BZ"
    assert set(codes) == {code for code in flags.CASES["all194"].codes if code[0] == "B"}


def test_all_are_those_there_are_and_every_is_every_pair_of_letters() -> None:
    assert len(everything_there_is()) == 194
    assert len(pairs()) == 26 * 26
    assert set(everything_there_is()) < set(pairs())


# -- what becomes of them --


@pytest.mark.parametrize("model", FASTEST)
def test_flags_are_downloaded_or_not_found_whoever_downloads_them(
    program: Program, tmp_path: Path, model: str
) -> None:
    ended = program("programs.flags", "FR", "DE", "XX", "--verbose", f"--model={model}", "--dest=here")
    assert ended.returncode == 0, ended.stderr
    assert "2 downloaded, 1 not found, 0 failed" in ended.stdout
    assert re.search(r"^XX  not found .* s  \w", ended.stdout, re.MULTILINE)
    assert saved(tmp_path / "here") == {"DE.gif", "FR.gif"}


def test_of_a_quarter_that_fails_nothing_else_is_lost(program: Program, tmp_path: Path) -> None:
    codes = chosen(("B", "C"))
    faults = PROFILES["error"].faults(flags.site(), seed=3)
    untouched = {code for code in codes if f"{code}/{code}.gif".lower() not in faults}
    ended = program(
        "programs.flags", "B", "C", "--server=error", "--seed=3", "--timeout=8", "--max-req=40"
    )
    assert ended.returncode == 1
    [told] = re.findall(r"(\d+) downloaded, (\d+) not found, (\d+) failed", ended.stdout)
    downloaded, not_found, failed = map(int, told)
    assert downloaded == len(untouched) < len(codes)
    assert downloaded + not_found + failed == len(codes)
    assert saved(tmp_path / "downloaded") == {f"{code}.gif" for code in untouched}
    # Each that failed is told with its reason, without being asked.
    reasons = re.findall(r"^[A-Z]{2}  error  .*\d s  \w.*  \w", ended.stdout, re.MULTILINE)
    assert len(reasons) == failed


def test_they_come_from_any_server_whose_address_is_given(
    program: Program, undelayed_local: Local
) -> None:
    undelayed_local.reset()
    ended = program("programs.flags", "FR", "--server", undelayed_local.url + "/")
    assert ended.returncode == 0, ended.stderr
    assert undelayed_local.seen().served == 1
    assert "the server was asked" not in ended.stdout  # of another's nothing is known


def test_a_server_that_is_not_there_fails_every_flag_and_is_no_traceback(program: Program) -> None:
    ended = program("programs.flags", "FR", "DE", "--server=http://127.0.0.1:9")
    assert ended.returncode == 1
    assert "0 downloaded, 0 not found, 2 failed" in ended.stdout
    assert ended.stderr == ""


def test_no_proxy_comes_between_a_model_and_our_own_server(program: Program) -> None:
    nobody = {"HTTP_PROXY": "http://127.0.0.1:9", "http_proxy": "http://127.0.0.1:9", "NO_PROXY": ""}
    ended = program("programs.flags", "FR", **nobody, no_proxy="")
    assert "1 downloaded, 0 not found, 0 failed" in ended.stdout


def test_our_own_server_that_goes_away_is_told_in_a_sentence(running: Start) -> None:
    # Of the flags that take the longest there.
    flags = running("programs.flags", "BR", "--model=sequential", "--server=delay")
    flags.read_until("flag from")
    flags.child("servers.files").kill()
    ended = flags.ended()
    assert (ended.returncode, ended.stderr) == (1, "")
    assert "0 downloaded, 0 not found, 1 failed" in ended.stdout
    assert "the local server went away while it was needed" in ended.stdout


def test_the_time_line_has_each_flag_and_those_that_failed(program: Program, tmp_path: Path) -> None:
    ended = program("programs.flags", "FR", "XX", "--model=sequential", "--timeline", "--svg=line.svg")
    assert re.search(r"^main thread  ├FR─+┤", ended.stdout, re.MULTILINE)
    picture = (tmp_path / "line.svg").read_text()
    assert "FR: waits" in picture
    assert "XX: waits" in picture  # not to be found is no failure


# -- Ctrl-C --


@pytest.mark.parametrize("model", FASTEST)
def test_ctrl_c_keeps_what_is_complete_and_tells_what_is_not(
    interrupted: Interrupted, tmp_path: Path, model: str
) -> None:
    (tmp_path / "downloaded").mkdir()
    (tmp_path / "downloaded" / "somebody's.part").touch()
    bound = 1 if model == "sequential" else 2
    ended = interrupted(
        "programs.flags", "--all", f"--max-req={bound}", "--verbose", f"--model={model}",
        when="  ok ",
    )  # fmt: skip
    assert ended.returncode == 130
    assert ended.stderr == ""
    [downloaded] = re.findall(r"(\d+) downloaded, 0 not found, 0 failed", ended.stdout)
    assert f"cut off: {194 - int(downloaded)} had not come to their end" in ended.stdout
    files = saved(tmp_path / "downloaded")
    assert "somebody's.part" in files
    files.remove("somebody's.part")
    assert len(files) == int(downloaded) >= 1
    for file in files:
        content = (tmp_path / "downloaded" / file).read_bytes()
        assert content == flags.site()[f"{file[:2]}/{file}".lower()]


STOPS_THERE = """
import os, time

def replace(source, target, replace=os.replace):
    replace(source, target)
    if str(target).endswith("/FR.gif"):
        time.sleep(600)

os.replace = replace
"""
"""For the start of every Python: France is saved, and who did it comes to nothing more."""


def test_a_flag_that_was_saved_in_the_moment_of_ctrl_c_is_counted(
    running: Start, tmp_path: Path
) -> None:
    (tmp_path / "begin").mkdir()
    (tmp_path / "begin" / "sitecustomize.py").write_text(STOPS_THERE)
    downloaded = tmp_path / "downloaded"
    downloaded.mkdir()
    (downloaded / "FR.gif").write_text("of an earlier day")
    (downloaded / "VN.gif").write_text("of an earlier day")
    path = f"{tmp_path / 'begin'}:{environ()['PYTHONPATH']}"
    flags = running("programs.flags", "DE", "FR", "VN", "--model=sequential", PYTHONPATH=path)
    until(lambda: (downloaded / "FR.gif").read_bytes().startswith(b"GIF"))
    flags.process.send_signal(signal.SIGINT)
    ended = flags.ended()
    assert "2 downloaded, 0 not found, 0 failed" in ended.stdout
    assert "cut off: 1 had not come to their end" in ended.stdout
    size = sum((downloaded / name).stat().st_size for name in ("DE.gif", "FR.gif"))
    assert f"{size / 1e3:.1f} kB in downloaded" in ended.stdout


# -- what is seen --


def test_a_terminal_has_a_bar_that_is_gone_in_the_end(terminal: Terminal) -> None:
    terminal.run("programs.flags", "--all", "--limit=60", "--model=sequential")
    bar = re.compile(r"━+ +\d+/60 \d+ downloaded")
    assert bar.search(terminal.wait_for(bar.search))
    screen = terminal.ended()
    assert "━" not in screen
    assert "60 downloaded, 0 not found, 0 failed" in screen
    assert "exit code 0" in screen


def test_ctrl_c_in_a_terminal_leaves_a_clean_screen(terminal: Terminal) -> None:
    terminal.run("programs.flags", "--all", "--server=delay", "--model=asyncio_gather")
    terminal.wait_for(lambda screen: re.search(r"━ +[1-9]\d*/194", screen))
    terminal.press("C-c")
    screen = terminal.ended()
    assert "exit code 130" in screen
    assert "━" not in screen
    assert "Traceback" not in screen


def test_a_pipe_gets_no_bar_and_no_colour(program: Program) -> None:
    ended = program("programs.flags", "FR", "--server=error", "--seed=1")
    assert "\x1b" not in ended.stdout
    assert "━" not in ended.stdout
    assert max(map(len, ended.stdout.splitlines())) <= 80


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["FRA"], "FRA is no code: two letters, or the first one of several"),
        (["4"], "4 is no code"),
        (["X"], "no country's code begins with X"),
        (["FR", "--all"], "codes, --all, or --every: more than one"),
        (["--every", "--all"], "codes, --all, or --every: more than one"),
        (["--server=http://"], "http:// is none of local, delay, error, and no http:// address"),
        (["--server=http://x:99999"], "and no http:// address"),
        (["--server=ftp://x"], "ftp://x is none of local, delay, error, and no http:// address"),
        (["--max-req=0"], "0 is not in the range"),
        (["--timeout=0"], "is not in the range"),
        (["--timeout=nan"], "expected a number of seconds, got 'nan'"),
        (["--timeout=inf"], "expected a number of seconds, got 'inf'"),
        (["--model=interpreters", "--dest=/dev/null/x"], ""),
    ],
)
def test_what_makes_no_sense_is_refused_in_a_sentence(
    program: Program, arguments: list[str], said: str
) -> None:
    ended = program("programs.flags", *arguments)
    assert ended.returncode == 2
    assert said in ended.stderr
    assert "Traceback" not in ended.stderr
