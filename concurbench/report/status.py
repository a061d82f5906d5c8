"""Where a command is: one line, written over on a terminal; a line a block elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TextIO

from concurbench import units
from concurbench.results.runs import short_name


class Watch:
    """Says what is going on. No clock and no thread of its own: both would disturb what is measured."""

    def __init__(self, stream: TextIO = sys.stderr) -> None:
        self._stream = stream
        self._live = stream.isatty()
        self._block = ""
        self._rows = self._done = 0

    def step(self, what: str) -> None:
        """A step on the way to the first block."""
        self._show(f"{what} …", lasting=True)

    def now(self, where: str) -> None:
        """Where it is within a step, for who sees it."""
        self._show(where, lasting=False)

    def block(self, stage: str, number: int, most: int, rows: Sequence[str], left: float) -> None:
        """A block starts; so many seconds are left at most, 0 where that is not known yet."""
        time = f", at most {units.duration(left)} left" if left else ""
        confirming = "" if stage == "first" else f"{stage}, "
        self._rows, self._done = len(rows), 0
        count = units.counted(len(rows), "row")
        self._block = f"{confirming}block {number} of at most {most}: {count}{time}"
        self._show(self._block, lasting=True)

    def row(self, row: str) -> None:
        """A row of the block is done."""
        self._done += 1
        line = f"{self._block} · {self._done}/{self._rows} {short_name(row)}"
        self._show(line, lasting=False)

    def end(self) -> None:
        """Nothing more to say: leave no line behind."""
        if self._live:
            self._stream.write("\r\x1b[2K")
            self._stream.flush()

    def _show(self, line: str, *, lasting: bool) -> None:
        if self._live:
            self._stream.write(f"\r\x1b[2K{line[:79]}")
        elif lasting:
            self._stream.write(f"{line}\n")
        self._stream.flush()
