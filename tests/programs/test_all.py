"""What all programs have in common: help, listing, refusals, signals, output in a pipe."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

import impls
from concurbench.errors import ConcurbenchError
from programs._program import find, in_flight
from tests.programs.conftest import Run, Start, environ

PROGRAMS = {
    "domains": "domains",
    "flags": "flags",
    "flags_metadata": "flags_metadata",
    "naps": "naps",
    "primes": "primes",
    "spinner": "spinner",
    "watch": "digests",
}
"""Program -> a workload that it runs."""

SLOW = "9007199254740881"
"""A prime that takes seconds."""

each_program = pytest.mark.parametrize("name", PROGRAMS)


def arguments(name: str, *more: str) -> list[str]:
    """Arguments, with the workload in front for the one program that needs it."""
    return [PROGRAMS[name], *more] if name == "watch" else list(more)


# -- help and listing --


@each_program
def test_the_help_has_examples_and_the_common_options(run: Run, name: str) -> None:
    result = run(name, "--help")
    assert result.exit_code == 0
    assert "Examples:" in result.stdout
    assert result.stdout.count(f"python -m programs.{name}") >= 3
    for option in ("--model NAME", "--list", "--timeline", "--svg FILE"):
        assert option in result.stdout
    assert max(map(len, result.stdout.splitlines())) <= 80


@each_program
def test_list_shows_the_models_with_their_titles(run: Run, name: str) -> None:
    result = run(name, *arguments(name, "--list"))
    assert result.exit_code == 0
    words = " ".join(result.stdout.split())
    for model in impls.models(PROGRAMS[name]):
        assert model.name in words
        assert model.title.split()[-1] in words


# -- refusals --


@each_program
@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("--model=no_such", "no model no_such: --list shows the models of"),
        ("--no-such-option", "no-such-option"),
        ("--svg=no/such/folder/x.svg", "no/such/folder/x.svg"),
    ],
)
def test_a_mistake_is_refused_in_one_line(run: Run, name: str, option: str, message: str) -> None:
    result = run(name, *arguments(name, option))
    assert result.exit_code == 2
    assert result.stderr.startswith("Error: ")
    assert message in result.stderr
    assert len(result.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("domains", ["xyz"], "the project's DNS server has no zone xyz, only dev, org"),
        ("domains", ["--resolver=system"], "needs a domain to look in"),
        ("domains", ["--resolver=system", "a..b"], "a..b is not a domain"),
        ("domains", ["--resolver=system", "com", "--delay=1"], "--delay has no effect"),
        ("domains", ["--longest=1"], "1 is not in the range"),
        ("domains", ["--delay=-1"], "-1.0 is not in the range"),
        ("flags", ["FRA"], "FRA is not a country code: give two letters, or one"),
        ("flags", ["4"], "4 is not a country code"),
        ("flags", ["X"], "no country's code begins with X"),
        ("flags", ["FR", "--all"], "give codes, --all or --every: only one of them"),
        ("flags", ["--every", "--all"], "give codes, --all or --every: only one of them"),
        ("flags", ["--server=http://"], "http:// is not one of local, delay, error or an http://"),
        ("flags", ["--server=http://x:99999"], "or an http:// address"),
        ("flags", ["--server=ftp://x"], "ftp://x is not one of local, delay, error or an http://"),
        ("flags", ["--max-req=0"], "0 is not in the range"),
        ("flags", ["--timeout=0"], "is not in the range"),
        ("flags", ["--timeout=nan"], "expected a number of seconds, got 'nan'"),
        ("flags", ["--timeout=inf"], "expected a number of seconds, got 'inf'"),
        ("flags", ["--model=sequential", "--dest=/dev/null/x"], "cannot make /dev/null/x"),
        ("flags_metadata", ["XYZ"], "XYZ is not a country code"),
        ("naps", ["--tasks=0"], "0 is not in the range"),
        ("naps", ["--unit=0"], "0.0 is not in the range"),
        ("naps", ["--unit=nan"], "expected a number of seconds"),
        ("naps", ["5"], "unexpected extra argument"),
        ("primes", ["97", "--below=5"], "give numbers or --below, not both"),
        ("primes", ["x"], "'x' is not a valid integer"),
        ("spinner", ["--work=sleep"], "'sleep' is not one of"),
        ("spinner", ["--seconds=1"], "--seconds needs --work wait"),
        ("spinner", ["--work=wait", "--seconds=-1"], "not in the range"),
        ("watch", [], "give a WORKLOAD: --list shows them"),
        ("watch", ["no_such"], "no workload no_such: --list shows them"),
        ("watch", ["flags"], "flags has a program of its own: python -m programs.flags"),
        ("watch", ["units", "--case=no_such"], "does not have the case no_such: choose from one"),
        ("watch", ["units", "--limit=-1"], "-1 is not in the range"),
    ],
)
def test_options_that_make_no_sense_are_refused(
    run: Run, name: str, options: list[str], message: str
) -> None:
    result = run(name, *options)
    assert result.exit_code == 2
    assert message in result.stderr


def test_a_model_that_cannot_run_is_refused_with_the_reason(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unavailable(workload: str, model: str) -> impls.Run:
        raise impls.Unavailable("no package x")

    monkeypatch.setattr(impls, "load", unavailable)
    result = run("primes", "--model=threaded")
    assert result.exit_code == 2
    assert result.stderr == "Error: threaded cannot run here: no package x\n"


def test_a_misspelt_model_gets_a_suggestion() -> None:
    with pytest.raises(ConcurbenchError, match=r"no model thread \(did you mean threaded"):
        find("primes", "thread")


@pytest.mark.parametrize(
    ("model", "asked", "workers", "said"),
    [
        ("sequential", 30, 1, "sequential always has 1 in flight: --max-req 30 has no effect\n"),
        ("sequential", None, 1, ""),
        ("sequential", 1, 1, ""),
        ("threaded", 30, 30, ""),
        ("threaded", None, 20, ""),
    ],
)
def test_a_model_with_its_own_bound_runs_with_that_and_says_so_if_another_was_asked_for(
    capsys: pytest.CaptureFixture[str], model: str, asked: int | None, workers: int, said: str
) -> None:
    assert in_flight(impls.find("flags", model), asked, 20, "--max-req") == workers
    assert capsys.readouterr().out == said


# -- as processes --


@pytest.mark.parametrize(
    ("name", "options", "line"),
    [
        ("domains", ["--model=threaded", "--longest=2", "--delay=0"], "3 found, 2 not found"),
        ("flags", ["FR", "--model=sequential"], "1 downloaded, 0 not found, 0 failed in"),
        ("naps", ["--tasks=1"], "1 result after"),
        ("primes", ["97", "--model=multiprocess_spawn"], "1 prime among 1 number tested"),
        ("spinner", ["--work=wait", "--seconds=0"], "until the spinner was gone"),
        ("watch", ["bridges", "--limit=2"], "… and 18 more calls (raise --limit)"),
    ],
)
def test_in_a_pipe_there_are_lines_of_80_columns_without_colours_or_progress(
    running: Start, tmp_path: Path, name: str, options: list[str], line: str
) -> None:
    proxy = {"HTTP_PROXY": "http://127.0.0.1:9", "NO_PROXY": ""}  # none for the own servers
    arguments = [*options, "--timeline", "--svg=line.svg"]
    ended = running(f"programs.{name}", *arguments, **proxy).ended()
    assert (ended.returncode, ended.stderr) == (0, "")
    assert line in ended.stdout
    assert "a column is" in ended.stdout
    assert not set("\x1b\r") & set(ended.stdout)
    assert max(map(len, ended.stdout.splitlines())) <= 80
    assert (tmp_path / "line.svg").read_text().startswith("<svg")


@pytest.mark.parametrize(("shell", "code"), [("| true; exit ${PIPESTATUS[0]}", 141), (">&-", 0)])
def test_a_program_ends_silently_when_its_output_is_not_read_or_closed(shell: str, code: int) -> None:
    command = f"{sys.executable} -m programs.primes 97 --model sequential {shell}"
    ended = subprocess.run(
        ["bash", "-c", command], env=environ(), text=True, stderr=subprocess.PIPE, check=False
    )
    assert (ended.returncode, ended.stderr) == (code, "")


# -- signals --


@pytest.mark.parametrize(
    ("name", "options", "when", "line"),
    [
        ("domains", ["--model=sequential", "--longest=2", "--delay=3"], "as.dev.test",
         r"cut off: [1-4] names? without a result"),
        ("naps", ["--tasks=2", "--unit=600", "--model=asyncio_gather"], "task 0 is done",
         "interrupted: 1 of 2 tasks done, the caller has 0 results"),
        ("spinner", ["--model=trio_nursery", "--work=wait", "--seconds=600"], "a frame each",
         r"interrupted after \d+\.\d+ s: \d+ frames? shown, and no answer"),
        ("watch", ["switching", "--case=interval_50ms"], "sleep(",
         r"interrupted: \d+ calls? had not ended"),
    ],
)  # fmt: skip
def test_ctrl_c_ends_a_program_with_a_summary(
    running: Start, name: str, options: list[str], when: str, line: str
) -> None:
    ended = running(f"programs.{name}", *options).interrupted(when)
    assert (ended.returncode, ended.stderr) == (130, "")
    assert re.search(line, ended.stdout)


def test_another_signal_has_its_own_exit_code(running: Start) -> None:
    primes = running("programs.primes", "--model=sequential", "97", SLOW)
    ended = primes.interrupted(" 97 ", signal.SIGTERM)
    assert ended.returncode == 128 + signal.SIGTERM
    assert "interrupted: 1 not tested" in ended.stdout


def test_an_interrupted_model_leaves_no_temporary_files(running: Start) -> None:
    with tempfile.TemporaryDirectory(dir="/tmp") as temporary:  # pytest's own paths are too long
        primes = running("programs.primes", "97", SLOW, "--model=multiprocess", TMPDIR=temporary)
        primes.read_until(" 97 ")
        assert list(Path(temporary).rglob("listener-*"))  # the fork server's socket
        primes.process.send_signal(signal.SIGINT)
        assert primes.ended().returncode == 130
        assert list(Path(temporary).iterdir()) == []
