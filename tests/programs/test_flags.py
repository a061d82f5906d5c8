"""``python -m programs.flags`` and ``programs.flags_metadata``: the outcome of each flag."""

from __future__ import annotations

import re
import signal
import sys
from pathlib import Path

import pytest

from impls import flags
from programs.flags import ALL, PAIRS, expanded, landing
from servers.local import Local
from servers.profiles import PROFILES
from tests.conftest import until
from tests.programs.conftest import Run, Start, Terminal, environ


def saved(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


# -- codes --


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
def test_codes_are_sorted_and_unique(asked: tuple[str, ...], codes: tuple[str, ...]) -> None:
    assert expanded(asked) == codes


def test_a_letter_stands_for_all_codes_that_begin_with_it() -> None:
    assert expanded(("B",)) == tuple(code for code in ALL if code[0] == "B")


def test_all_are_the_countries_and_every_is_every_pair_of_letters() -> None:
    assert (len(ALL), len(PAIRS)) == (194, 26 * 26)
    assert set(ALL) < set(PAIRS)


# -- outcomes --


@pytest.mark.parametrize(
    ("name", "model", "unit", "files"),
    [
        ("flags", "threaded", "thread", {"DE.gif", "VN.gif"}),
        ("flags", "multiprocess", "process", {"DE.gif", "VN.gif"}),
        ("flags_metadata", "trio_nursery", "main thread, task", {"Germany.gif", "Viet_Nam.gif"}),
    ],
)
def test_each_flag_is_downloaded_or_not_found(
    run: Run, undelayed_local: Local, tmp_path: Path, name: str, model: str, unit: str, files: set[str]
) -> None:
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "VN.gif").write_text("of an earlier run")
    (tmp_path / "here" / "Viet_Nam.gif").write_text("of an earlier run")
    server = f"--server={undelayed_local.url}"
    result = run(name, "VN", "DE", "XX", "--verbose", f"--model={model}", "--dest=here", server)
    assert result.exit_code == 0, result.output
    assert "2 downloaded, 1 not found, 0 failed" in result.stdout
    assert re.search(rf"^XX  not found .* s  {unit}", result.stdout, re.MULTILINE)
    assert all((tmp_path / "here" / file).read_bytes().startswith(b"GIF") for file in files)
    assert saved(tmp_path / "here") <= {*files, "VN.gif", "Viet_Nam.gif"}


def test_failed_flags_do_not_affect_the_others(run: Run, tmp_path: Path) -> None:
    codes = expanded(("B", "C"))
    faults = PROFILES["error"].faults(flags.site(), seed=3)
    intact = {code for code in codes if f"{code}/{code}.gif".lower() not in faults}
    result = run("flags", "B", "C", "--server=error", "--seed=3", "--timeout=8", "--max-req=40")
    assert result.exit_code == 1
    [counts] = re.findall(r"(\d+) downloaded, (\d+) not found, (\d+) failed", result.stdout)
    downloaded, not_found, failed = map(int, counts)
    assert downloaded == len(intact) < len(codes)
    assert downloaded + not_found + failed == len(codes)
    assert saved(tmp_path / "downloaded") == {f"{code}.gif" for code in intact}
    reasons = re.findall(r"^[A-Z]{2}  error  .*\d s  \w.*  \w", result.stdout, re.MULTILINE)
    assert len(reasons) == failed
    assert "peak requests in flight at the server: " in result.stdout


def test_flags_come_from_any_server(run: Run, undelayed_local: Local, tmp_path: Path) -> None:
    undelayed_local.reset()
    arguments = ["FR", "XX", "--model=sequential", "--timeline", "--svg=line.svg"]
    result = run("flags", *arguments, "--server", undelayed_local.url + "/")
    assert result.exit_code == 0, result.output
    assert undelayed_local.seen().served == 1
    assert "peak requests" not in result.stdout  # another server counts none
    assert re.search(r"^main thread  ├FR─+┤", result.stdout, re.MULTILINE)
    svg = (tmp_path / "line.svg").read_text()
    assert "FR: waits" in svg
    assert "XX: waits" in svg  # "not found" is not a failure


def test_the_timeline_has_both_requests_of_a_country(
    run: Run, undelayed_local: Local, tmp_path: Path
) -> None:
    server = f"--server={undelayed_local.url}"
    run("flags_metadata", "FR", "--model=sequential", "--svg=line.svg", server)
    svg = (tmp_path / "line.svg").read_text()
    assert svg.index("FR: waits") < svg.index("FR name: waits")


def test_without_a_server_every_flag_fails(run: Run) -> None:
    result = run("flags", "FR", "DE", "--server=http://127.0.0.1:9")
    assert result.exit_code == 1
    assert "0 downloaded, 0 not found, 2 failed" in result.stdout
    assert result.stderr == ""


def test_an_own_server_that_dies_is_reported_in_a_sentence(running: Start) -> None:
    # The flag that takes longest at this server.
    program = running("programs.flags", "BR", "--model=sequential", "--server=delay")
    program.read_until("flag from")
    program.child("servers.files").kill()
    ended = program.ended()
    assert (ended.returncode, ended.stderr) == (1, "")
    assert "0 downloaded, 0 not found, 1 failed" in ended.stdout
    assert "the local server went away while it was needed" in ended.stdout


# -- Ctrl-C --


def test_ctrl_c_keeps_complete_files_and_counts_the_others(running: Start, tmp_path: Path) -> None:
    (tmp_path / "downloaded").mkdir()
    (tmp_path / "downloaded" / "foreign.part").touch()
    program = running("programs.flags", "--all", "--max-req=2", "--verbose", "--model=threaded")
    ended = program.interrupted("  ok ")
    assert (ended.returncode, ended.stderr) == (130, "")
    [downloaded] = re.findall(r"(\d+) downloaded, 0 not found, 0 failed", ended.stdout)
    assert f"cut off: {194 - int(downloaded)} without an outcome" in ended.stdout
    files = saved(tmp_path / "downloaded") - {"foreign.part"}
    assert (tmp_path / "downloaded" / "foreign.part").exists()
    assert len(files) == int(downloaded) >= 1
    for file in files:
        content = (tmp_path / "downloaded" / file).read_bytes()
        assert content == flags.site()[f"{file[:2]}/{file}".lower()]


def test_complete_files_move_out_of_the_separate_folder_whatever_happens(tmp_path: Path) -> None:
    (tmp_path / "France.gif").write_text("of an earlier run")

    def interrupted() -> None:
        with landing(tmp_path, separate=True) as folder:
            (folder / "France.gif").write_text("new")
            (folder / "Italy.part").write_text("incomplete")
            sys.exit(130)

    with pytest.raises(SystemExit):
        interrupted()
    assert saved(tmp_path) == {"France.gif"}
    assert (tmp_path / "France.gif").read_text() == "new"


HANG_AFTER_FRANCE = """
import os, time

def replace(source, target, replace=os.replace):
    replace(source, target)
    if str(target).endswith("/FR.gif"):
        time.sleep(600)

os.replace = replace
"""
"""For the start of every Python: the model hangs once the flag of France is saved."""


def test_a_flag_that_is_saved_right_before_ctrl_c_is_counted(running: Start, tmp_path: Path) -> None:
    (tmp_path / "start").mkdir()
    (tmp_path / "start" / "sitecustomize.py").write_text(HANG_AFTER_FRANCE)
    downloaded = tmp_path / "downloaded"
    downloaded.mkdir()
    (downloaded / "FR.gif").write_text("of an earlier run")
    (downloaded / "VN.gif").write_text("of an earlier run")
    path = f"{tmp_path / 'start'}:{environ()['PYTHONPATH']}"
    program = running("programs.flags", "DE", "FR", "VN", "--model=sequential", PYTHONPATH=path)
    until(lambda: (downloaded / "FR.gif").read_bytes().startswith(b"GIF"))
    program.process.send_signal(signal.SIGINT)
    ended = program.ended()
    assert "2 downloaded, 0 not found, 0 failed" in ended.stdout
    assert "cut off: 1 without an outcome" in ended.stdout
    size = sum((downloaded / name).stat().st_size for name in ("DE.gif", "FR.gif"))
    assert f"{size / 1e3:.1f} kB saved in downloaded" in ended.stdout


# -- in a terminal --


def test_a_terminal_shows_a_bar_and_is_clean_after_ctrl_c(terminal: Terminal) -> None:
    terminal.run("programs.flags", "--all", "--server=delay", "--model=asyncio_gather")
    bar = re.compile(r"━+ +[1-9]\d*/194 \d+ downloaded")
    assert bar.search(terminal.wait_for(bar.search))
    terminal.press("C-c")
    screen = terminal.ended()
    assert "exit code 130" in screen
    assert "━" not in screen
    assert "Traceback" not in screen
    assert terminal.has_cursor()
