"""Programs in this process, in a pipe, and in a terminal of 80 columns."""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from pathlib import Path

import psutil
import pytest
from click.testing import CliRunner, Result

from tests.conftest import ROOT, TIMEOUT, heed_signals

Run = Callable[..., Result]
Start = Callable[..., "Running"]
Ended = subprocess.CompletedProcess[str]


def environ(**more: str) -> Mapping[str, str]:
    """The environment of a program."""
    return {**os.environ, "PYTHONPATH": str(ROOT), **more}


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Call it with the name of a program and arguments: it runs in this process, in an empty folder.

    Its model has a process of its own, as always.
    """
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))

    def invoke(name: str, *arguments: str) -> Result:
        return CliRunner().invoke(import_module(f"programs.{name}").main, list(arguments))

    return invoke


class Running:
    """A program that runs in an empty folder; its output is read as it comes."""

    def __init__(self, folder: Path, module: str, *arguments: str, **more: str) -> None:
        self._read = ""
        self.process = subprocess.Popen(
            [sys.executable, "-u", "-m", module, *arguments],
            cwd=folder, env=environ(**more), text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            preexec_fn=heed_signals,
        )  # fmt: skip

    def read_until(self, part: str) -> None:
        """Read on to the first line with ``part`` in it, or to the end."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._read += line
            if part in line:
                return

    def child(self, module: str) -> psutil.Process:
        """The process that it started to run a module."""
        children = psutil.Process(self.process.pid).children()
        [child] = (each for each in children if module in " ".join(each.cmdline()))
        return child

    def interrupted(self, when: str, number: int = signal.SIGINT) -> Ended:
        """Send a signal after a line with ``when`` in it, and wait for the end."""
        self.read_until(when)
        self.process.send_signal(number)
        return self.ended()

    def ended(self) -> Ended:
        """Its exit code and all its output, once it has ended."""
        assert self.process.stdout is not None
        assert self.process.stderr is not None
        # communicate() would lose what is in the buffer of the pipe.
        output = self._read + self.process.stdout.read()
        code = self.process.wait()
        return subprocess.CompletedProcess(self.process.args, code, output, self.process.stderr.read())


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Start]:
    """Call it with a module and arguments: it runs until the end of the test."""
    with contextlib.ExitStack() as stack:

        def start(module: str, *arguments: str, **more: str) -> Running:
            program = Running(tmp_path, module, *arguments, **more)
            stack.enter_context(program.process)  # closes its pipes and waits for it
            stack.callback(program.process.kill)
            return program

        yield start


class Terminal:
    """A terminal of 80 columns and 24 lines, in which a shell command runs; tmux holds it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.socket = f"concurbench-{uuid.uuid4().hex}"

    def run(self, module: str, *arguments: str) -> None:
        """Start a program; the shell prints its exit code afterwards."""
        command = shlex.join(["env", f"PYTHONPATH={ROOT}", sys.executable, "-m", module, *arguments])
        self._tmux(
            "new-session", "-d", "-x", "80", "-y", "24", "-c", str(self.folder),
            f"trap : INT; {command}; echo exit code $?; sleep {TIMEOUT * 6:.0f}",
        )  # fmt: skip

    def press(self, key: str) -> None:
        self._tmux("send-keys", key)

    def screen(self) -> str:
        """The screen, and what has been scrolled away."""
        return self._tmux("capture-pane", "-p", "-S", "-")

    def wait_for(self, condition: Callable[[str], object]) -> str:
        """The first screen that meets the condition, or the last one before a timeout."""
        due = time.monotonic() + TIMEOUT * 6
        while not condition(screen := self.screen()) and time.monotonic() < due:
            time.sleep(0.05)  # each screen takes a process
        return screen

    def ended(self) -> str:
        """The screen when the program has ended."""
        return self.wait_for(lambda screen: "exit code" in screen)

    def has_cursor(self) -> bool:
        """Whether the cursor is shown."""
        return self._tmux("display-message", "-p", "#{cursor_flag}").strip() == "1"

    def close(self) -> None:
        subprocess.run(["tmux", "-L", self.socket, "kill-server"], check=False, capture_output=True)

    def _tmux(self, *command: str) -> str:
        return subprocess.run(
            ["tmux", "-L", self.socket, "-f", "/dev/null", *command],
            check=True, text=True, capture_output=True,
            env={**environ(), "TERM": "xterm-256color", "LC_ALL": "C.UTF-8", "SHELL": "/bin/sh"},
        ).stdout  # fmt: skip


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    """A real terminal, as a person has it."""
    if shutil.which("tmux") is None:
        pytest.skip("no tmux")
    terminal = Terminal(tmp_path)
    yield terminal
    terminal.close()
