"""Cleans up after a gate, however that ended: a process of its own that outlives it.

``python keeper.py FOLDER``: waits until its standard input ends, which the system sees to when the gate
ends, killed or not. Then it ends every process that carries the gate's token, and removes the folder.
"""

from __future__ import annotations

import shutil
import signal
import sys
from pathlib import Path

import psutil

VARIABLE = "CONCURBENCH_GATE"
"""The environment variable with a gate's token, in every process that it has started."""

GRACE = 3.0
"""Seconds for processes to end by themselves, having lost the gate."""


def carriers(token: str) -> list[psutil.Process]:
    """The processes that carry this token."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get(VARIABLE) == token:
                found.append(process)
        except (psutil.Error, OSError):  # another user's, or ended meanwhile
            continue
    return found


def clean_up(folder: Path, grace: float = GRACE) -> None:
    """End what the gate of this folder has started, and remove the folder."""
    psutil.wait_procs(carriers(folder.name), grace)
    while still := carriers(folder.name):  # again, for one may have started another meanwhile
        for process in still:
            try:
                process.kill()
            except psutil.NoSuchProcess:
                continue
        psutil.wait_procs(still, GRACE)
    shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    sys.stdin.buffer.read()
    clean_up(Path(sys.argv[1]))
