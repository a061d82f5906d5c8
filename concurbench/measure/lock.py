"""One benchmark session at a time on a machine, because two would disturb each other."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import filelock

from concurbench.errors import ConcurbenchError

ENV_LOCK = "CONCURBENCH_LOCK"
"""The environment variable with the folder of the lock, for sessions within tests."""


class SessionLock:
    """A lock that is held from ``acquire`` to ``release``, or until the process ends in any way.

    Its folder is the same for all users, whatever their TMPDIR. The file stays. The operating system's
    lock on the file counts, not its existence.
    """

    def __init__(self, folder: Path | None = None) -> None:
        shared = "/tmp" if os.name == "posix" else tempfile.gettempdir()
        self.path = (folder or Path(os.environ.get(ENV_LOCK) or shared)) / "concurbench.measure.lock"
        # Everybody may write: the next session may be another user's.
        self._lock = filelock.FileLock(self.path, mode=0o666)
        self._holder = self.path.with_suffix(".holder")

    def acquire(self, who: str) -> None:
        """Take the lock. ``who`` describes this session to the next one that wants the lock.

        Raises:
            ConcurbenchError: another session has it.
            OSError: the file cannot be opened.
        """
        try:
            self._lock.acquire(timeout=0)
        except filelock.Timeout:
            try:
                holder = self._holder.read_text(encoding="utf-8")
            except OSError:
                holder = "unknown process"
            raise ConcurbenchError(
                f"another benchmark session is running on this machine ({holder}): "
                "wait until it ends, or stop it"
            ) from None
        self._holder.write_text(f"process {os.getpid()}, {who}", encoding="utf-8")

    def release(self) -> None:
        """Give the lock back, if this session has it."""
        if self._lock.is_locked:
            self._holder.unlink(missing_ok=True)
            self._lock.release()
