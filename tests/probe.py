"""Inputs of models that behave in a special way, in any process or interpreter."""

from __future__ import annotations

import time
import uuid
from pathlib import Path

HELD = 0.02
"""Seconds that a test of it takes: long enough for others to begin meanwhile."""


class Probe:
    """A number that records when it is tested.

    It behaves like a number that is not prime. Every test of a number begins with ``number < 2``.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __index__(self) -> int:
        return 0  # for models that need the size of their numbers

    def __lt__(self, other: object) -> bool:
        begin = time.monotonic_ns()  # the same clock for all processes
        time.sleep(HELD)
        (self.folder / uuid.uuid4().hex).write_text(f"{begin} {time.monotonic_ns()}", encoding="ascii")
        return True


class Undecodable(str):
    """A text that is not valid: neither its bytes nor its letters can be used."""

    def encode(self, encoding: str = "utf-8", errors: str = "strict") -> bytes:
        return b"\xff"

    def lower(self) -> str:
        raise UnicodeError("not a text")


def times_tested(folder: Path) -> int:
    """The number of tests."""
    return len(list(folder.iterdir()))


def peak(folder: Path) -> int:
    """The peak of concurrent tests."""
    changes: list[tuple[int, int]] = []
    for file in folder.iterdir():
        begin, end = map(int, file.read_text(encoding="ascii").split())
        changes += [(begin, 1), (end, -1)]
    running = highest = 0
    for _, change in sorted(changes):
        running += change
        highest = max(highest, running)
    return highest
