"""What all commands share: how they end, what they pass on to pytest, and what they write."""

from __future__ import annotations

import errno
import signal
from collections.abc import Callable
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from concurbench.command import (
    Command,
    PytestCommand,
    ended_by_signals,
    published,
    pytest_arguments,
    suite_options,
    write,
)
from concurbench.errors import ConcurbenchError, Interrupted


def ended(action: Callable[[], None]) -> Result:
    """The result of a command that does this."""
    return CliRunner().invoke(Command("x", callback=action), [])


def raises(error: BaseException) -> Callable[[], None]:
    def action() -> None:
        raise error

    return action


def test_a_mistake_of_the_user_is_one_sentence_and_exit_code_2() -> None:
    done = ended(raises(ConcurbenchError("no run 7: make one")))
    assert (done.exit_code, done.output) == (2, "Error: no run 7: make one\n")


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_is_one_word_and_the_exit_code_of_shells(number: int, code: int) -> None:
    def action() -> None:
        with ended_by_signals():
            signal.raise_signal(number)

    done = ended(action)
    assert (done.exit_code, done.output) == (code, "interrupted\n")
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
    assert done.output == "the result could not be printed or written: the disk is gone\n"
