"""When a session is given up."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from concurbench.runner.child import PytestSuite


class Process:
    """Writes one message each time it is waited for, and ends after the last one."""

    def __init__(self, file: Path, messages: Iterator[str]) -> None:
        self.file = file
        self.messages = messages

    def wait(self, _: float) -> int:
        message = next(self.messages, None)
        if message is None:
            return 0
        with self.file.open("a") as file:
            file.write(message)
        raise subprocess.TimeoutExpired("pytest", 0)


def watched(file: Path, *messages: str) -> int:
    workspace: Any = None
    suite = PytestSuite(workspace, Path(), [], "python", timeout=0.0)
    process: Any = Process(file, iter(messages))
    return suite._watched(process, file)


def test_a_session_that_sends_messages_is_not_given_up(tmp_path: Path) -> None:
    assert watched(tmp_path / "messages", "{}\n", "{}\n", "{}\n") == 0


def test_a_session_that_sends_nothing_is_given_up(tmp_path: Path) -> None:
    with pytest.raises(subprocess.TimeoutExpired):
        watched(tmp_path / "messages", "{}\n", "", "{}\n")
