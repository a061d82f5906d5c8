"""A command's temporary folder; no process that the command starts outlives it."""

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

from concurbench.errors import ConcurbenchError
from concurbench.runner import reaper

PREFIX = "concurbench-work-"
UNWANTED = ("PYTEST_ADDOPTS", "PYTEST_PLUGINS", "PYTEST_XDIST_WORKER", "PYTHONDONTWRITEBYTECODE")

GRACE = 10.0
"""Seconds a process gets to end after it was asked to."""

OWNER = "owner"
"""The file in the folder with the number of the command's process."""

MAX_TEMPORARY = 104 - len("/pymp-12345678/listener-12345678") - 1
"""Bytes the name of a temporary folder may have: multiprocessing makes sockets in it, and a system
takes names of sockets up to 104 bytes (macOS) or 108 (Linux)."""


class Workspace:
    """A context manager: ``folder``, and the processes with ``environ``, last as long as the block.

    This holds even if the command is killed: the reaper, another process, sees its end.
    """

    def __init__(self) -> None:
        sweep()
        self.folder = Path(tempfile.mkdtemp(prefix=PREFIX)).resolve()
        (self.folder / OWNER).write_text(str(os.getpid()))
        self._reaper = subprocess.Popen(
            [sys.executable, reaper.__file__, str(self.folder)], stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip

    def environ(self, **more: str) -> Mapping[str, str]:
        """The environment for processes of the workspace: the current one with the workspace's token
        and temporary folder, without pytest's own options."""
        inherited = {name: value for name, value in os.environ.items() if name not in UNWANTED}
        ours = {**temporary(self.folder), reaper.ENV_WORKSPACE: self.folder.name}
        return {**inherited, **ours, **more}

    def started(self, process: int) -> None:
        """Note a process that leads a session: all processes of the session end with the command."""
        with (self.folder / reaper.SESSIONS).open("a") as file:
            file.write(f"{process}\n")

    def start(
        self, command: Sequence[str], folder: Path, environ: Mapping[str, str], output: Path,
        inherited: Sequence[int] = (),
    ) -> subprocess.Popen[bytes]:  # fmt: skip
        """Start a command in a session of its own; its output and errors go into the file ``output``.

        Args:
            inherited: descriptors that the process keeps open.

        Raises:
            ConcurbenchError: it does not start.
        """
        with output.open("w") as file:
            try:
                process = subprocess.Popen(
                    command, cwd=folder, env=environ, stdin=subprocess.DEVNULL,
                    stdout=file, stderr=subprocess.STDOUT, pass_fds=inherited,
                    start_new_session=True,  # Ctrl-C goes to the command alone, which ends it
                )  # fmt: skip
            except OSError as error:
                raise ConcurbenchError(f"{command[0]} does not start: {error.strerror}") from None
        self.started(process.pid)
        return process

    @contextlib.contextmanager
    def running(
        self, command: Sequence[str], folder: Path, environ: Mapping[str, str], output: Path
    ) -> Iterator[subprocess.Popen[bytes]]:
        """The process of a command, as of ``start``, ended if an exception leaves the block."""
        process = self.start(command, folder, environ, output)
        try:
            yield process
        except BaseException:
            # First with a signal, so that it can stop its servers; the reaper ends all that it leaves.
            process.send_signal(signal.SIGINT)
            try:
                process.wait(GRACE)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        assert self._reaper.stdin is not None
        self._reaper.stdin.close()
        self._reaper.wait()


def temporary(folder: Path) -> Mapping[str, str]:
    """The environment that makes a process put temporary files into this folder.

    A killed process leaves its temporary files, such as the socket of multiprocessing's fork server; in
    a workspace they go with it. Empty if the folder's name is too long for sockets.
    """
    return {"TMPDIR": str(folder)} if len(os.fsencode(folder)) <= MAX_TEMPORARY else {}


def sweep() -> None:
    """Remove the folders of commands that were killed together with their reaper."""
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        with contextlib.suppress(OSError, ValueError):  # another user's, or just being made
            if not psutil.pid_exists(int((folder / OWNER).read_text())):
                reaper.clean_up(folder, grace=0)
