"""A command's temporary folder, and the promise that nothing it starts outlives it."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Self

import psutil

from concurbench.runner import reaper

PREFIX = "concurbench-work-"
UNWANTED = ("PYTEST_ADDOPTS", "PYTEST_PLUGINS", "PYTEST_XDIST_WORKER", "PYTHONDONTWRITEBYTECODE")

GRACE = 10.0
"""Seconds a process gets to end by itself when it is asked to."""

OWNER = "owner"
"""The file in the folder that tells the command's process."""


class Workspace:
    """A context manager: ``folder`` is there, and processes with ``environ`` run, no longer than it.

    Also where the command is killed: a keeper, a process of its own, sees its end.
    """

    def __init__(self) -> None:
        sweep()
        self.folder = Path(tempfile.mkdtemp(prefix=PREFIX)).resolve()
        (self.folder / OWNER).write_text(str(os.getpid()))
        self._keeper = subprocess.Popen(
            [sys.executable, reaper.__file__, str(self.folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def environ(self, **more: str) -> Mapping[str, str]:
        """The environment for what is started: ours with the token, without pytest's own options."""
        inherited = {name: value for name, value in os.environ.items() if name not in UNWANTED}
        return {**inherited, **more, reaper.VARIABLE: self.folder.name}

    def started(self, process: int) -> None:
        """A process that leads a session of its own: all in it are to end with the command."""
        with (self.folder / reaper.SESSIONS).open("a") as file:
            file.write(f"{process}\n")

    @contextlib.contextmanager
    def running(
        self, command: Sequence[str], folder: Path, environ: Mapping[str, str], output: Path
    ) -> Iterator[subprocess.Popen[bytes]]:
        """A command in a session of its own, what it says into ``output``; ended by any exception.

        Raises:
            OSError: it does not start.
        """
        with output.open("w") as file:
            process = subprocess.Popen(
                command, cwd=folder, env=environ, stdin=subprocess.DEVNULL,
                stdout=file, stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C is for who started it
            )  # fmt: skip
        self.started(process.pid)
        try:
            yield process
        except BaseException:
            _end(process)
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        assert self._keeper.stdin is not None
        self._keeper.stdin.close()
        self._keeper.wait()


def _end(process: subprocess.Popen[bytes]) -> None:
    # In order, for it may have servers of its own; what it leaves goes with the workspace.
    process.send_signal(signal.SIGINT)
    try:
        process.wait(GRACE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def sweep() -> None:
    """Remove the folders of commands that ended together with their keeper."""
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        with contextlib.suppress(OSError, ValueError):  # another user's, or just being made
            if not psutil.pid_exists(int((folder / OWNER).read_text())):
                reaper.clean_up(folder, grace=0)
