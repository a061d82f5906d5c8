"""A number that keeps a record of when it is tested, in whichever process or interpreter that is."""

from __future__ import annotations

import time
import uuid
from pathlib import Path

HELD = 0.02
"""Seconds that a test of it takes: long enough for others to begin meanwhile, if they may."""


class Probe:
    """Stands for a number that is no prime. Every test of a number begins with ``number < 2``."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __index__(self) -> int:
        return 0  # what it is taken for by a model that looks how large its numbers are

    def __lt__(self, other: object) -> bool:
        begin = time.monotonic_ns()  # the same clock for all processes
        time.sleep(HELD)
        (self.folder / uuid.uuid4().hex).write_text(f"{begin} {time.monotonic_ns()}", encoding="ascii")
        return True


def times_tested(folder: Path) -> int:
    """How many tests there were."""
    return len(list(folder.iterdir()))


def peak(folder: Path) -> int:
    """How many of them were going on at the same time, at most."""
    changes: list[tuple[int, int]] = []
    for file in folder.iterdir():
        begin, end = map(int, file.read_text(encoding="ascii").split())
        changes += [(begin, 1), (end, -1)]
    going_on = highest = 0
    for _, change in sorted(changes):
        going_on += change
        highest = max(highest, going_on)
    return highest
