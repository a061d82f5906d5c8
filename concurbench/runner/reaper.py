"""Cleans up after a command, however that ended: a process of its own that outlives it.

``python reaper.py FOLDER`` waits for the end of its standard input, which the system closes when the
command ends, killed or not. Then it ends every process of the workspace, and removes the folder.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import sys
import time
from pathlib import Path

import psutil

ENV_WORKSPACE = "CONCURBENCH_WORKSPACE"
"""The environment variable with a workspace's token, in every process that it has started."""

MAX_ROUNDS = 5
"""How often to kill what is left: a process may start another one before it is killed."""

GRACE = 3.0
"""Seconds for processes to end after the command has ended."""

PAUSE = 0.02
"""Seconds between two attempts to remove the folder."""

SESSIONS = "sessions"
"""The file in the folder with the leaders of the sessions that the command has started, one a line."""


def carriers(folder: Path) -> list[psutil.Process]:
    """The processes of a workspace, by its folder: those with its token, and those of its sessions,
    which may have cleared their environment."""
    sessions: set[int] = set()
    with contextlib.suppress(OSError, ValueError):
        sessions = {int(line) for line in (folder / SESSIONS).read_text().split()}
    return [process for process in psutil.process_iter() if _is_of(process, folder.name, sessions)]


def _is_of(process: psutil.Process, token: str, sessions: set[int]) -> bool:
    with contextlib.suppress(psutil.Error, OSError):  # another user's, or it has just ended
        if os.getsid(process.pid) in sessions and process.status() != psutil.STATUS_ZOMBIE:
            return True
        return process.environ().get(ENV_WORKSPACE) == token
    return False


def clean_up(folder: Path, grace: float = GRACE) -> None:
    """End the processes of a workspace after ``grace`` seconds, and remove its folder."""
    psutil.wait_procs(carriers(folder), grace)
    for _ in range(MAX_ROUNDS):
        left = carriers(folder)
        if not left:
            break
        for process in left:
            with contextlib.suppress(psutil.Error):
                process.kill()
        psutil.wait_procs(left, GRACE)
    # A process of another workspace that is about to end may still write into the folder.
    due = time.monotonic() + 10 * grace
    shutil.rmtree(folder, ignore_errors=True)
    while folder.exists() and time.monotonic() < due:
        time.sleep(PAUSE)
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    sys.stdin.buffer.read()
    clean_up(Path(sys.argv[1]))
