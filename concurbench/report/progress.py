"""Where a long run is: which row, how many of how many, how much longer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from concurbench import units

WIDTH = 38
"""Columns for a row's name, so that what follows stands in one line on 80 columns."""


class TimeLeft:
    """How much longer a run will take, judged by what each row took before.

    ``before`` is row -> seconds in an earlier run, of any machine: how this one's speed compares is
    learned as it goes. A row that is not in it is taken to be an average one.
    """

    def __init__(self, rows: Sequence[str], before: Mapping[str, float]) -> None:
        known = [before[row] for row in rows if row in before]
        average = sum(known) / len(known) if known else 1.0
        self._ahead = {row: before.get(row, average) for row in rows}
        self._guesses = bool(known)
        self._behind = self._took = 0.0

    def done(self, row: str, seconds: float) -> None:
        """This row has taken so many seconds."""
        self._behind += self._ahead.pop(row, 0.0)
        self._took += seconds

    def seconds(self) -> float | None:
        """The seconds left, or None while there is nothing to judge by."""
        if self._behind:
            return sum(self._ahead.values()) * self._took / self._behind
        return sum(self._ahead.values()) if self._guesses else None


class Progress:
    """A line a row: written when it starts, completed when it ends.

    ``write`` takes text as it is; ``live`` says that a line can be written over: then it shows the time
    left from its start, otherwise at its end.
    """

    def __init__(
        self,
        rows: Sequence[str],
        before: Mapping[str, float],
        write: Callable[[str], None],
        *,
        live: bool,
    ) -> None:
        self._total = len(rows)
        self._number = 0
        self._left = TimeLeft(rows, before)
        self._write = write
        self._live = live
        self._open = ""

    def start(self, name: str) -> None:
        """The row of this name starts."""
        self._number += 1
        count = f"[{self._number:{len(str(self._total))}}/{self._total}]"
        self._open = f"{count} {name:{WIDTH}} "
        self._write(self._open + self._hint() if self._live else self._open)

    def end(self, row: str, seconds: float, told: str) -> None:
        """The row that started last took so many seconds in all, and this is what came of it."""
        self._left.done(row, seconds)
        if self._live:
            self._write(f"\r\x1b[2K{self._open}{told}\n")
        else:
            self._write(f"{told}{self._hint(', ')}\n")
        self._open = ""

    def _hint(self, before: str = "") -> str:
        left = self._left.seconds()
        return f"{before}about {units.duration(left)} left" if left else ""

    def interrupted(self) -> None:
        """No more rows: leave the line that is open."""
        if self._open:
            self._write("\n")
            self._open = ""
