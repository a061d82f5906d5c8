"""Cleans up after a command, however that ended: a process of its own that outlives it.

``python keeper.py FOLDER``: waits until its standard input ends, which the system sees to when the
command ends, killed or not. Then it ends every process that carries its token, and removes the folder.
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

VARIABLE = "CONCURBENCH_WORKSPACE"
"""The environment variable with a workspace's token, in every process that it has started."""

TRIES = 5

GRACE = 3.0
"""Seconds for processes to end by themselves, having lost the command."""

WRITING = 10
"""So many times the same for those of others to write no more into the folder."""

PAUSE = 0.02
"""Seconds between two tries to remove it."""

SESSIONS = "sessions"
"""The file in the folder that tells the leaders of the sessions it has started, one a line."""


def carriers(folder: Path) -> list[psutil.Process]:
    """The processes of the workspace of this folder: those with its token, and those of its sessions,
    which may have cleared their environment."""
    try:
        sessions = {int(line) for line in (folder / SESSIONS).read_text().split()}
    except (OSError, ValueError):
        sessions = set()
    return [process for process in psutil.process_iter() if _is_of(process, folder.name, sessions)]


def _is_of(process: psutil.Process, token: str, sessions: set[int]) -> bool:
    with contextlib.suppress(psutil.Error, OSError):  # another user's, or ended meanwhile
        if os.getsid(process.pid) in sessions and process.status() != psutil.STATUS_ZOMBIE:
            return True
        return process.environ().get(VARIABLE) == token
    return False


def clean_up(folder: Path, grace: float = GRACE) -> None:
    """End what was started in the workspace of this folder, and remove the folder."""
    psutil.wait_procs(carriers(folder), grace)
    for _ in range(TRIES):  # again, for one may have started another meanwhile
        still = carriers(folder)
        for process in still:
            with contextlib.suppress(psutil.Error):
                process.kill()
        psutil.wait_procs(still, GRACE)
    _remove(folder, grace * WRITING)


def _remove(folder: Path, patience: float) -> None:
    """Remove it, also where a process of another workspace, about to be ended, still writes into it."""
    due = time.monotonic() + patience
    while folder.exists():
        shutil.rmtree(folder, ignore_errors=True)
        if time.monotonic() >= due:
            return
        time.sleep(PAUSE)


if __name__ == "__main__":
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    sys.stdin.buffer.read()
    clean_up(Path(sys.argv[1]))
