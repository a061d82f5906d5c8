"""The command from outside, over two lanes that are one interpreter given twice."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import NoReturn

import psutil
import pytest
from click.testing import CliRunner, Result
from packaging.version import Version

from concurbench.cli import main
from concurbench.measure.lock import SessionLock
from concurbench.runner import environments, interpreters
from concurbench.runner.installing import EnvironmentFailed
from concurbench.runner.interpreters import Found, Interpreter
from concurbench.runner.workspace import PREFIX
from tests.conftest import ROOT, Suite, heed_signals, until

# Taken as it is, where it is an environment that somebody made: here the one of these tests.
pytestmark = pytest.mark.skipif(sys.prefix == sys.base_prefix, reason="not in an environment")

TWICE = ("--python", sys.executable, "--python", sys.executable)
OPTIONS = ("--", "-p", "no:cacheprovider", "--cases=few")


@pytest.fixture(autouse=True)
def here(suite: Suite, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(suite.path)
    monkeypatch.setattr("tempfile.tempdir", None)
    monkeypatch.setenv("XDG_STATE_HOME", str(suite.path / "state"))
    monkeypatch.delenv("CONCURBENCH_BASE_PYTHON", raising=False)


def matrix(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["matrix", *arguments], catch_exceptions=False)


def test_one_command_measures_all_lanes_into_one_table_and_keeps_every_round(suite: Suite) -> None:
    file = suite.path / "matrix.json"
    done = matrix(*TWICE, "--passes", "2", "--json", str(file), *OPTIONS)
    assert done.exit_code == 0, done.output
    name = f"{sys.version_info[0]}.{sys.version_info[1]}"
    assert f"as fast as sequential in {name}" in done.output
    assert f"raw runs: {file}" in done.output
    assert "toy · few" in done.output
    content = json.loads(file.read_text())
    assert str(suite.path) not in json.dumps([visit["ended"] for visit in content["visits"]])
    assert [visit["number"] for visit in content["visits"]] == [1, 1, 2, 2]
    assert len({visit["lane"] for visit in content["visits"]}) == 2
    run = content["visits"][0]["ended"]["content"]
    assert len(run["benchmarks"]) == 2
    assert run["benchmarks"][0]["stats"]["data"]
    assert len(content["table"]) == 4
    assert not suite.saved
    again = matrix("--from", str(file))
    assert again.exit_code == 0
    assert again.output.strip() in done.output


def test_a_row_that_fails_and_one_that_is_skipped_are_told_and_the_others_measured(
    suite: Suite,
) -> None:
    suite.write("impls/toy/wrong.py", '''"""Wrong."""\ndef run(job, *, workers):\n    return -1''')
    suite.write("impls/toy/lacking.py", '''"""Lacking."""\nREQUIRES = ("no_such_thing",)''')
    done = matrix(*TWICE, "--passes", "1", *OPTIONS)
    assert done.exit_code == 1
    assert "failed: toy[wrong-few-w02] in 3." in done.output
    assert "1 × no package no_such_thing" in done.output
    assert "threaded" in done.output


def test_a_lane_whose_pytest_does_not_collect_is_left_out_and_the_others_go_on(suite: Suite) -> None:
    other = subprocess.run(
        [sys.executable, "-m", "venv", "--without-pip", str(suite.path / "empty")], check=False
    )
    assert other.returncode == 0
    python = str(suite.path / "empty/bin/python")
    done = matrix(*TWICE[:2], "--python", python, "--passes", "1", *OPTIONS)
    assert done.exit_code == 1
    assert "left out, for pytest does not collect there: " in done.output
    assert "-2: pytest ended (exit 1)" in done.output
    assert "No module named pytest" in done.output
    assert "threaded" in done.output


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--python", "3.99"], "no CPython 3.99 is here"),
        ([*TWICE[:2], "--", "-k", "nothing"], "no benchmarks to measure"),
        (["--from", "page.md"], "not a matrix"),
        (["--json", "nowhere/x.json"], "cannot be written"),
    ],
)
def test_what_cannot_be_answered_is_one_sentence_and_exit_code_2(
    suite: Suite, arguments: list[str], sentence: str
) -> None:
    suite.write("page.md", "nothing")
    done = matrix(*arguments)
    assert done.exit_code == 2
    assert sentence in done.output
    assert "Traceback" not in done.output
    assert "raw runs" not in done.output  # it was known before anything was measured


def test_beside_another_session_nothing_is_measured() -> None:
    lock = SessionLock()
    lock.acquire("somebody else")
    try:
        result = matrix()
    finally:
        lock.release()
    assert result.exit_code == 2
    assert "another benchmark session is running on this machine" in result.output


def test_ctrl_c_shows_what_is_complete_and_leaves_no_process(suite: Suite) -> None:
    # It waits in the second pass, which is another process.
    marker = suite.path / "first"
    suite.write(
        "impls/toy/threaded.py",
        f"import os, pathlib, time\nMARK = pathlib.Path({str(marker)!r})\n"
        "def run(job, *, workers):\n"
        "    if not MARK.exists():\n        MARK.write_text(str(os.getpid()))\n"
        "    elif MARK.read_text() != str(os.getpid()):\n"
        "        MARK.with_name('waits').touch()\n        time.sleep(600)\n"
        "    return sum(job.numbers)",
    )
    file = suite.path / "matrix.json"
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    code = "import sys; from concurbench.cli import main; main()"
    command = [sys.executable, "-c", code, "matrix", *TWICE[:2], "--passes", "2"]
    command += ["--json", str(file), *OPTIONS]
    process = subprocess.Popen(
        command, cwd=suite.path, env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True, start_new_session=True,
        preexec_fn=heed_signals,
    )  # fmt: skip
    try:
        until((suite.path / "waits").exists)
        assert len(json.loads(file.read_text())["visits"]) == 1
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 130
    assert "interrupted: what was complete is shown" in output
    assert "toy · few" in output
    assert "Traceback" not in output
    until(lambda: not list(suite.temporary.glob(f"{PREFIX}*")))
    left = [each for each in psutil.process_iter(["cwd"]) if each.info["cwd"] == str(suite.path)]
    assert not [each for each in left if each.pid != os.getpid()]


def test_a_lane_whose_environment_cannot_be_made_is_left_out_and_the_others_go_on(
    suite: Suite, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none(*_: object) -> NoReturn:
        raise EnvironmentFailed("pip install: exit 1: no network in a test")

    monkeypatch.setattr(environments, "ensure", none)
    bare = Path(sys.base_prefix) / "bin" / f"python{sys.version_info[0]}.{sys.version_info[1]}"
    done = matrix(*TWICE[:2], "--python", str(bare), "--passes", "1", *OPTIONS)
    assert done.exit_code == 1, done.output
    told = (
        "-2 is left out, its environment could not be made: pip install: exit 1: no network in a test"
    )
    assert told in done.output
    assert "threaded" in done.output


def test_the_base_interpreter_is_told_to_every_session(suite: Suite) -> None:
    suite.write(
        "impls/toy/threaded.py",
        '"""Threads."""\nimport os\ndef run(job, *, workers):\n'
        f"    assert os.environ['CONCURBENCH_BASE_PYTHON'] == {sys.executable!r}\n"
        "    return sum(job.numbers)",
    )
    done = matrix(*TWICE[:2], "--passes", "1", *OPTIONS)
    assert done.exit_code == 0, done.output


def test_what_there_is_is_listed_with_what_was_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    found = Found([python("3.13.1", True)], [(python("3.10.9"), "needed is >=3.11")])
    monkeypatch.setattr(interpreters, "find", lambda _: found)
    listed = CliRunner().invoke(main, ["interpreters"]).output
    assert "3.13t  3.13.1t  /x/python" in listed
    assert ".venv-3.13t (not made yet)" in listed
    assert "needed is >=3.11" in listed
    assert matrix("--list").output == listed
    assert CliRunner().invoke(main, ["interpreters", "--names"]).output == "3.13t\n"


def test_an_environment_that_cannot_be_made_is_one_sentence_and_exit_code_2() -> None:
    for arguments, sentence in (
        (["3.99"], "no CPython 3.99 is here"),
        ([sys.executable, "--extra", "tset"], "has no extra 'tset'"),
    ):
        done = CliRunner().invoke(main, ["environment", *arguments])
        assert done.exit_code == 2
        assert sentence in done.output
        assert len(done.output.splitlines()) == 1


def python(version: str, free_threaded: bool = False) -> Interpreter:
    return Interpreter(Path("/x/python"), Version(version), free_threaded)
