"""One benchmark session at a time on a machine: two at once would measure each other."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import filelock

from concurbench.errors import ConcurbenchError


class Taken(ConcurbenchError):
    """Another session holds the lock; the message says which, as far as it told, and what to do."""


def machine_wide() -> Path:
    """The folder for the lock: the same for all on this machine, whatever their TMPDIR.

    ``CONCURBENCH_LOCK`` names another one, for sessions within tests.
    """
    if folder := os.environ.get("CONCURBENCH_LOCK"):
        return Path(folder)
    return Path("/tmp") if os.name == "posix" else Path(tempfile.gettempdir())


class SessionLock:
    """Held from ``acquire`` to ``release``, or until the process ends, however it ends.

    The file stays; what counts is the operating system's lock on it.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.path = (folder or machine_wide()) / "concurbench.measure.lock"
        # Writable for all, for the next session may be another user's.
        self._lock = filelock.FileLock(self.path, mode=0o666)
        self._holder = self.path.with_suffix(".holder")

    def acquire(self, who: str) -> None:
        """Take the lock and leave word of ``who`` has it.

        Raises:
            Taken: another session has it.
            OSError: the lock's file cannot be opened.
        """
        try:
            self._lock.acquire(timeout=0)
        except filelock.Timeout:
            try:
                holder = self._holder.read_text(encoding="utf-8")
            except OSError:
                holder = "it left no word of itself"
            raise Taken(
                f"another benchmark session is running on this machine ({holder}); "
                "two at once would measure each other: wait for it, or end it"
            ) from None
        self._holder.write_text(f"process {os.getpid()}, {who}", encoding="utf-8")

    def release(self) -> None:
        if self._lock.is_locked:
            self._holder.unlink(missing_ok=True)
            self._lock.release()
