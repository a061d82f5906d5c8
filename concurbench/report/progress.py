"""Progress of a session (a line for each row) and of a command (one status line)."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from typing import TextIO

from concurbench import units
from concurbench.results.runs import short_name

NAME_WIDTH = 38
"""Columns for a row's name, so that its result fits on a line of 80 columns."""

CLEAR = "\r\x1b[2K"
"""Returns to the start of a terminal's line and erases it."""


class TimeLeft:
    """The expected rest of a session, from how long each row took in an earlier run.

    That run may be of another machine: its speed relative to this one is measured as rows finish. Rows
    that it lacks are taken as average.
    """

    def __init__(self, rows: Sequence[str], before: Mapping[str, float]) -> None:
        known = [before[row] for row in rows if row in before]
        average = sum(known) / len(known) if known else 1.0
        self._ahead = {row: before.get(row, average) for row in rows}
        self._can_guess = bool(known)
        self._behind = self._took = 0.0

    def done(self, row: str, seconds: float) -> None:
        """Count a finished row, which took this long."""
        self._behind += self._ahead.pop(row, 0.0)
        self._took += seconds

    def seconds(self) -> float | None:
        """The seconds left; None if there is nothing to estimate from yet."""
        speed = self._took / self._behind if self._behind else 1.0
        return sum(self._ahead.values()) * speed if self._behind or self._can_guess else None


class RowProgress:
    """A line for each row of a session: written when the row starts, completed when it ends.

    ``write`` takes text without adding a newline. ``live`` says that it writes to a terminal: then the
    time left is on the line of the running row, otherwise behind the result.
    """

    def __init__(
        self, rows: Sequence[str], before: Mapping[str, float], write: Callable[[str], None], *,
        live: bool,
    ) -> None:  # fmt: skip
        self._total, self._number = len(rows), 0
        self._left = TimeLeft(rows, before)
        self._write, self._live = write, live
        self._open = ""

    def start(self, name: str) -> None:
        """Begin the line of a row."""
        self._number += 1
        count = f"[{self._number:{len(str(self._total))}}/{self._total}]"
        self._open = f"{count} {name:{NAME_WIDTH}} "
        self._write(self._open + self._hint() if self._live else self._open)

    def end(self, row: str, seconds: float, result: str) -> None:
        """Complete the line of the row that started last; it took this long in all."""
        self._left.done(row, seconds)
        line = f"{CLEAR}{self._open}{result}" if self._live else f"{result}{self._hint(', ')}"
        self._write(f"{line}\n")
        self._open = ""

    def interrupted(self) -> None:
        if self._open:
            self._write("\n")
            self._open = ""

    def _hint(self, before: str = "") -> str:
        left = self._left.seconds()
        return f"{before}about {units.duration(left)} left" if left else ""


class StatusLine:
    """The status of a command: one line that is overwritten in a terminal, a line for each step
    elsewhere.

    It has no thread and no timer, because both would disturb the measurement.
    """

    def __init__(self, stream: TextIO = sys.stderr) -> None:
        self._stream = stream
        self._live = stream.isatty()
        self._block = ""
        self._rows = self._done = 0

    def step(self, what: str) -> None:
        """Show the step that begins."""
        self._show(f"{what} …", lasting=True)

    def now(self, where: str) -> None:
        """Show the position within a step, in terminals only."""
        self._show(where, lasting=False)

    def block(self, stage: str, number: int, highest: int, rows: Sequence[str], left: float) -> None:
        """Show the block of a gate that begins; ``left`` is the most seconds
        that may be left, 0 if unknown."""
        time = f", at most {units.duration(left)} left" if left else ""
        confirming = "" if stage == "first" else f"{stage}, "
        self._rows, self._done = len(rows), 0
        count = units.counted(len(rows), "row")
        self._block = f"{confirming}block {number} of at most {highest}: {count}{time}"
        self._show(self._block, lasting=True)

    def row(self, row: str) -> None:
        self._done += 1
        self.now(f"{self._block} · {self._done}/{self._rows} {short_name(row)}")

    def end(self) -> None:
        if self._live:
            self._stream.write(CLEAR)
            self._stream.flush()

    def _show(self, line: str, *, lasting: bool) -> None:
        if self._live:
            self._stream.write(f"{CLEAR}{line[:79]}")
        elif lasting:
            self._stream.write(f"{line}\n")
        self._stream.flush()
