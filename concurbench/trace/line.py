"""A line of the terminal that is written over and over; in a pipe there is none."""

from __future__ import annotations

import sys
from typing import Self

from concurbench.trace.program import columns

CTRL_C = 2
"""What a terminal writes itself when that is pressed: ^C."""


class Line:
    """The last line of the screen, as long as the ``with`` block lasts; then it is empty again.

    It is only written over, with nothing but blanks and letters: however a program ends, the terminal
    is as it was.
    """

    def __init__(self) -> None:
        self._live = sys.stdout.isatty()
        self._used = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._used:
            self._write(" " * self._used + "\r")

    def show(self, text: str) -> None:
        """Write this in the place of what was there, as much of it as there is room for."""
        room = columns() - 1 - CTRL_C
        text = text[:room]
        self._write(text + " " * (self._used - len(text)))
        self._used = max(self._used, min(len(text) + CTRL_C, columns() - 1))

    def _write(self, text: str) -> None:
        if self._live:
            sys.stdout.write("\r" + text)
            sys.stdout.flush()
