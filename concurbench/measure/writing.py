"""A small new file: into the system's cache, or down to the disk."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from concurbench.measure.timing import median_of

CONTENT = bytes(range(256)) * 64
"""16 kB, which is about a flag."""

PREFIX = "concurbench-yardstick-"


def file_write(near: Path) -> float:
    """The time to make, write and close a file in a folder below ``near``."""
    return _reading(near, 15, sync=False)


def file_write_fsync(near: Path) -> float:
    """The same with ``fsync`` before it is closed: the disk has it then, if it tells the truth."""
    return _reading(near, 3, sync=True)


def _reading(near: Path, most: int, *, sync: bool) -> float:
    with tempfile.TemporaryDirectory(prefix=PREFIX, dir=near) as folder:
        # New ones each time: to write over a file is another thing, which some file systems sync.
        names = iter(range(most))
        return median_of(most, lambda: _write(Path(folder, str(next(names))), sync=sync))


def _write(path: Path, *, sync: bool) -> None:
    with path.open("xb", buffering=0) as file:
        file.write(CONTENT)
        if sync:
            os.fsync(file.fileno())
