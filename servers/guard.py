"""Cleans up after a process, however that ended: ``python -m servers.guard FOLDER``.

Standard input holds the leaders of sessions, one a line, and ends with the process that writes it,
killed or not. Then every process of these sessions is killed, and the folder is removed.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Collection, Iterator
from pathlib import Path

import psutil

GRACE = 10.0
"""Seconds for killed processes to disappear; one may start another before it is killed."""

PAUSE = 0.02
"""Seconds between two looks for processes."""


@contextlib.contextmanager
def guarding(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """A guard for ``folder``, and for the sessions written to its standard input. The block ends when
    it has cleaned up."""
    with subprocess.Popen(
        [sys.executable, "-m", __name__, str(folder)],
        stdin=subprocess.PIPE, text=True, bufsize=1, start_new_session=True,
    ) as guard:  # fmt: skip
        yield guard  # leaving Popen's block closes the pipe and waits


def members(sessions: Collection[int]) -> list[psutil.Process]:
    """The live processes of these sessions."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):  # it has just ended
            if os.getsid(process.pid) in sessions and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
    return found


def clean_up(folder: Path, sessions: Collection[int]) -> None:
    """Kill every process of these sessions, and remove the folder."""
    due = time.monotonic() + GRACE
    while (left := members(sessions)) and time.monotonic() < due:
        for process in left:
            with contextlib.suppress(psutil.Error):
                process.kill()
        time.sleep(PAUSE)
    shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    clean_up(Path(sys.argv[1]), {int(line) for line in sys.stdin})
