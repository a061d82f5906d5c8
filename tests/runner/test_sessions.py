"""The commands ``run``, ``matrix`` and ``list`` with real sessions, on a suite that takes no time."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys

import psutil
import pytest
from click.testing import CliRunner, Result

from concurbench.cli import main
from concurbench.runner.workspace import PREFIX
from tests.conftest import ROOT, Suite, heed_signals, until

TWICE = ("--python", sys.executable, "--python", sys.executable)

NOTING = '''
    """Notes its process, the size of its input and the interpreter of the servers."""
    import os
    from pathlib import Path

    def run(job, *, workers):
        with Path(__file__).with_suffix(".log").open("a") as file:
            file.write(f"{os.getpid()} {len(job.numbers)} {os.environ['CONCURBENCH_SERVER_PYTHON']}\\n")
        return sum(job.numbers)
    '''

SLOW = '''
    """Sleeps."""
    import time

    def run(job, *, workers):
        time.sleep(0.2)
        return sum(job.numbers)
    '''

in_environment = pytest.mark.skipif(sys.prefix == sys.base_prefix, reason="not in an environment")
"""An interpreter of an environment is used as it is; here the one of these tests."""


@pytest.fixture(autouse=True)
def here(suite: Suite, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(suite.path)
    monkeypatch.setattr("tempfile.tempdir", None)
    monkeypatch.setenv("XDG_STATE_HOME", str(suite.path / "state"))
    monkeypatch.delenv("CONCURBENCH_SERVER_PYTHON", raising=False)


def concurbench(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments, catch_exceptions=False)


def test_each_pass_is_a_process_and_all_become_one_complete_run(suite: Suite) -> None:
    suite.write("impls/toy/threaded.py", NOTING)
    assert "no saved runs" in concurbench("list").output
    assert not (suite.path / "results").exists()
    done = concurbench("run", "--passes", "2")
    assert done.exit_code == 0, done.output
    rounds: dict[str, list[str]] = {}
    for line in (suite.path / "impls/toy/threaded.log").read_text().splitlines():
        process, size, server = line.split()
        rounds.setdefault(process, []).append(size)
        assert server == sys.executable
    assert len(rounds) == 2
    assert {sizes[0] for sizes in rounds.values()} == {"3"}  # the untimed round is of the smallest case
    [name] = suite.saved
    assert name.startswith("0001_")
    saved = suite.load("0001_*")
    assert saved["concurbench"]["complete"] is True
    assert len(saved["benchmarks"]) == 4
    assert str(suite.path) not in json.dumps(saved["concurbench"])
    listed = concurbench("list")
    assert "models   sequential, threaded" in listed.output
    assert "cases    few, many" in listed.output
    assert "0001" in listed.output


@in_environment
def test_rows_that_fail_or_are_skipped_are_named_and_the_others_are_in_the_table(suite: Suite) -> None:
    suite.write("impls/toy/wrong.py", '''"""Wrong."""\ndef run(job, *, workers):\n    return -1''')
    suite.write("impls/toy/lacking.py", '''"""Lacking."""\nREQUIRES = ("no_such_thing",)''')
    done = concurbench("matrix", *TWICE, "--passes", "1", "--cases=few")
    assert done.exit_code == 1
    assert "failed: toy[wrong-few-w02] in 3." in done.output
    assert "1 × no package no_such_thing" in done.output
    assert "threaded" in done.output
    assert len(list((suite.path / "state").glob("concurbench/runs/*.json"))) == 2


@pytest.mark.slow
def test_a_complete_run_is_what_pytest_compares_with(suite: Suite) -> None:
    assert concurbench("run", "--passes", "3").exit_code == 0
    text = suite.run("--benchmark-compare").stdout.str()
    assert "vs 0001" in text
    assert "± spread of the rounds in one pass" in text


@pytest.mark.slow
@pytest.mark.parametrize("arguments", [["run"], ["matrix", *TWICE[:2]]], ids=["run", "matrix"])
def test_ctrl_c_keeps_what_was_measured_and_leaves_no_process(
    suite: Suite, arguments: list[str]
) -> None:
    suite.write("impls/toy/slow.py", SLOW)
    code = "from concurbench.cli import main; main()"
    command = [sys.executable, "-c", code, *arguments, "--passes=9", "--benchmark-save=cut"]
    process = subprocess.Popen(
        [*command, "--cases=few"],
        cwd=suite.path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=heed_signals,
    )
    assert process.stderr
    while "pass 3 of 9" not in (line := process.stderr.readline()):
        assert line, "it ended too early"
    process.send_signal(signal.SIGINT)
    output, errors = process.communicate()
    assert process.returncode == 130
    assert "interrupted" in errors
    assert "2 of 9 passes" in output
    assert "Traceback" not in output + errors
    assert suite.saved == ["cut.json"]
    until(lambda: not list(suite.temporary.glob(f"{PREFIX}*")))
    left = [each for each in psutil.process_iter(["cwd"]) if each.info["cwd"] == str(suite.path)]
    assert not [each for each in left if each.pid != os.getpid()]
