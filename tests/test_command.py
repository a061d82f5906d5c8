"""What all commands share: how they end, what they pass on to pytest, and what they write."""

from __future__ import annotations

import errno
import math
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from concurbench.command import (
    EXISTING,
    FILE,
    Command,
    PytestCommand,
    Seconds,
    check_writable,
    ended_by_signals,
    published,
    pytest_arguments,
    suite_options,
    system_error,
    timeout_option,
    write,
)
from concurbench.errors import ConcurbenchError, Interrupted


@pytest.fixture(autouse=True)
def heeded_ctrl_c() -> Iterator[None]:
    """In the background, shells make processes ignore it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def ended(action: Callable[[], None]) -> Result:
    """The result of a command that does this."""
    return CliRunner().invoke(Command("x", callback=action), [])


def raises(error: BaseException) -> Callable[[], None]:
    def action() -> None:
        raise error

    return action


def test_a_mistake_of_the_user_is_one_sentence_and_exit_code_2() -> None:
    done = ended(raises(ConcurbenchError("no run 7: make one")))
    assert (done.exit_code, done.stdout, done.stderr) == (2, "", "Error: no run 7: make one\n")


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_is_one_word_and_the_exit_code_of_shells(number: int, code: int) -> None:
    def action() -> None:
        with ended_by_signals():
            signal.raise_signal(number)

    done = ended(action)
    assert (done.exit_code, done.stdout, done.stderr) == (code, "", "interrupted\n")
    assert Interrupted(number).exit_code == code


def test_a_full_disk_is_one_sentence() -> None:
    done = ended(raises(OSError(errno.ENOSPC, "No space left on device", "/x/run.json")))
    assert done.exit_code == 2
    assert done.output == "Error: cannot write /x/run.json: no space left on device\n"


@pytest.mark.parametrize("error", [OSError(errno.EIO, "Input/output error"), ZeroDivisionError("x")])
def test_a_defect_has_a_traceback_and_is_no_verdict(error: Exception) -> None:
    done = ended(raises(error))
    assert done.exit_code == 2
    assert "Traceback" in done.output
    assert type(error).__name__ in done.output


def test_options_of_the_suite_and_what_stands_behind_the_dashes_go_to_pytest() -> None:
    got: list[tuple[str, ...]] = []

    @click.command(cls=PytestCommand)
    @suite_options
    @click.pass_context
    def made(ctx: click.Context) -> None:
        got.append(pytest_arguments(ctx))

    assert CliRunner().invoke(made, ["--models", "a,b", "--", "tests", "-k", "x"]).exit_code == 0
    assert CliRunner().invoke(made, []).exit_code == 0
    assert got == [("--models=a,b", "tests", "-k", "x"), ()]


def test_text_is_written_or_added(tmp_path: Path) -> None:
    file = tmp_path / "x.md"
    write(file, "w", "one\n")
    write(file, "a", "two\n")
    assert file.read_text() == "one\ntwo\n"


def test_a_result_that_cannot_be_shown_is_reported_and_changes_nothing() -> None:
    done = ended(lambda: published(raises(OSError("the disk is gone"))))
    assert done.exit_code == 0
    assert done.stdout == ""
    assert done.stderr == "the result could not be printed or written: the disk is gone\n"


@pytest.mark.parametrize(
    ("error", "written", "sentence"),
    [
        (OSError(errno.EACCES, "Permission denied", "/x"), None, "cannot write /x: permission denied"),
        (OSError(errno.EROFS, "Read-only file system"), None, "cannot write: read-only file system"),
        (OSError(errno.EIO, "Input/output error"), Path("/y"), "cannot write /y: input/output error"),
        (
            OSError(errno.ENOENT, "No such file or directory", "git"),
            None,
            "git: no such file or directory",
        ),
        (OSError("Gone"), None, "gone"),
    ],
)
def test_an_error_of_the_system_names_the_file_that_cannot_be_written(
    error: OSError, written: Path | None, sentence: str
) -> None:
    assert system_error(error, written) == sentence


def test_ctrl_c_has_the_exit_code_of_shells() -> None:
    done = ended(raises(KeyboardInterrupt()))
    assert (done.exit_code, done.output) == (130, "")


def test_signals_have_their_handlers_back_afterwards_and_ignored_ones_stay_ignored() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        handlers = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
        with ended_by_signals():
            signal.raise_signal(signal.SIGHUP)
        assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == handlers
    finally:
        signal.signal(signal.SIGHUP, before)


def test_a_second_signal_does_not_cut_the_end_short() -> None:
    closed = []

    def action() -> None:
        with ended_by_signals():
            try:
                signal.raise_signal(signal.SIGTERM)
            finally:
                signal.raise_signal(signal.SIGINT)
                closed.append("everything")

    assert ended(action).exit_code == 143
    assert closed == ["everything"]


def test_an_option_of_pytest_in_front_of_the_dashes_is_answered_with_the_place_for_it() -> None:
    command = PytestCommand("run", callback=lambda: None)
    done = CliRunner().invoke(command, ["-x", "--", "-k", "y"])
    assert done.exit_code == 2
    assert "Usage: run [OPTIONS] [-- PYTEST ARGUMENTS]" in done.output
    assert (
        "no option -x: arguments for pytest go behind --, as in concurbench run -- -x …" in done.output
    )


@pytest.mark.parametrize("value", ["nan", "inf", "0.5", "x"])
def test_a_timeout_is_a_finite_number_of_seconds_from_1(value: str) -> None:
    got: list[float] = []
    command = click.command(cls=Command)(timeout_option(120)(lambda timeout: got.append(timeout)))
    assert CliRunner().invoke(command, [f"--timeout={value}"]).exit_code == 2
    assert CliRunner().invoke(command, ["--timeout=1"]).exit_code == 0
    assert CliRunner().invoke(command, []).exit_code == 0
    assert got == [1.0, 120.0]
    assert "[default: 120; x>=1]" in CliRunner().invoke(command, ["--help"]).output
    assert math.isfinite(Seconds().convert("2", None, None))


def test_a_file_is_no_folder_and_one_to_read_exists(tmp_path: Path) -> None:
    with pytest.raises(click.BadParameter, match="is a directory"):
        FILE.convert(tmp_path, None, None)
    with pytest.raises(click.BadParameter, match="is a directory"):
        EXISTING.convert(tmp_path, None, None)
    assert FILE.convert(str(tmp_path / "new"), None, None) == tmp_path / "new"
    with pytest.raises(click.BadParameter, match="does not exist"):
        EXISTING.convert(str(tmp_path / "new"), None, None)


def test_a_file_that_cannot_be_written_is_refused_beforehand(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    check_writable(None)
    check_writable(tmp_path / "new")
    (tmp_path / "old").touch()
    check_writable(tmp_path / "old")
    with pytest.raises(ConcurbenchError, match="not a regular file"):
        check_writable(tmp_path)
    with pytest.raises(ConcurbenchError, match="no folder"):
        check_writable(tmp_path / "missing" / "new")
    for allowed, refused in (("old", "new"), ("new", "old")):
        forbidden = tmp_path if refused == "new" else tmp_path / "old"
        monkeypatch.setattr("os.access", lambda path, mode, forbidden=forbidden: path != forbidden)
        check_writable(tmp_path / allowed)
        with pytest.raises(ConcurbenchError, match="permission denied"):
            check_writable(tmp_path / refused)


CLOSED = """
import os, sys
from concurbench.command import Command
def action():
    print("lost")
    file = os.open(sys.argv[1], os.O_WRONLY | os.O_CREAT)
    os.write(file, f"{file > 2} {os.get_inheritable(1)} {os.get_inheritable(2)}".encode())
os.close(1), os.close(2)
sys.stdout = sys.stderr = None
Command("x", callback=action).main([])
"""

UNREAD = """
import sys
from concurbench.command import Command, published
def result():
    while True:
        print("unread")
def verdict():
    published(result)
    sys.exit(3)
Command("x", callback={action}).main([])
"""


def test_with_closed_output_no_other_file_gets_its_number(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-c", CLOSED, tmp_path / "out"], check=True)
    assert (tmp_path / "out").read_text() == "True True True"


@pytest.mark.parametrize(("action", "code"), [("result", 141), ("verdict", 3)])
def test_output_that_is_no_longer_read_ends_a_command_as_in_shells_unless_it_has_a_verdict(
    action: str, code: int
) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", UNREAD.format(action=action)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    with process:
        assert process.stderr.read() == b""
    assert process.returncode == code
