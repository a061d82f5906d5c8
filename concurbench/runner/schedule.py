"""Which rows each process visits, in which order, pass after pass; and how long the rest will take.

Each pass starts at another row, and every second pass runs backwards: no row always comes first, or
always right after the same other row. Rows with long rounds are visited in every second pass only,
unless all rows are long: one long visit says as much as several visits to a short row.

With several interpreters a pass is cut into slices. A slice goes through all interpreters before the
next one starts, so that what is compared is measured minutes apart, not hours. The first interpreter
changes from slice to slice and from pass to pass: a machine that gets slower favours none.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TypeVar

from concurbench import units
from concurbench.report.progress import StatusLine
from concurbench.results.runs import short_name
from concurbench.runner.measured import Measured

LONG = 1.0
"""Seconds a round takes from which on a row is visited in every second pass only."""

MAX_SLICE = 6
"""Rows in a slice: fewer would spend more time on starting pytest, more would drift further apart."""

T = TypeVar("T")


def visits(
    interpreters: Sequence[T], groups: Mapping[str, str], number: int, passes: int,
    seconds: Mapping[str, float],
) -> Iterator[tuple[T, list[str]]]:  # fmt: skip
    """The processes of one pass, in order: the interpreter and the rows of each.

    ``groups`` is row -> group for all rows, in the order of collection; the other parameters are those
    of ``due``. A single interpreter gets the whole pass in one process.
    """
    rows = due(list(groups), number, passes, seconds)
    parts = slices(rows, groups) if len(interpreters) > 1 else [rows]
    for position, part in enumerate(parts):
        first = (number - 1 + position) % len(interpreters)
        for interpreter in [*interpreters[first:], *interpreters[:first]]:
            yield interpreter, part


def due(rows: Sequence[str], number: int, passes: int, seconds: Mapping[str, float]) -> list[str]:
    """The rows of pass ``number`` (from 1) of ``passes``, in order.

    ``seconds`` is row -> median of its rounds in the first pass, which visits all rows as they were
    collected. The later passes leave out rows without such a time.
    """
    if number == 1:
        return list(rows)
    timed = [row for row in rows if row in seconds]
    chosen = timed if number % 2 else [row for row in timed if seconds[row] < LONG] or timed
    start = len(chosen) * (number - 1) // passes
    if number % 2:
        return chosen[start:] + chosen[:start]
    return chosen[start::-1] + chosen[:start:-1]


def slices(rows: Sequence[str], groups: Mapping[str, str]) -> list[list[str]]:
    """The rows in parts of at most ``MAX_SLICE``, each with rows of one group only."""
    by_group: dict[str, list[str]] = {}
    for row in rows:
        by_group.setdefault(groups[row], []).append(row)
    return [
        ids[start : start + MAX_SLICE]
        for ids in by_group.values()
        for start in range(0, len(ids), MAX_SLICE)
    ]


def longest(each: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """Row -> the highest of its values."""
    return {row: max(one.get(row, 0.0) for one in each) for values in each for row in values}


class Progress:
    """Shows which pass it is, and how long the rest will take."""

    def __init__(
        self, measured: Sequence[Measured], passes: int, status: StatusLine, prefix: str
    ) -> None:
        self._measured = measured
        self._passes = passes
        self._status = status
        self._prefix = prefix
        self._number = 0
        self._ahead: Sequence[tuple[Measured, list[str]]] = ()

    def starts(self, number: int, ahead: Sequence[tuple[Measured, list[str]]]) -> None:
        """A process starts; ``ahead`` are the visits left in this pass, beginning with its own."""
        self._number, self._ahead = number, ahead
        self._status.step(self._where(0))

    def row(self, done: int, last: str) -> None:
        """``done`` rows of the process are measured."""
        rows = len(self._ahead[0][1])
        self._status.now(f"{self._where(done)} · {done}/{rows} {short_name(last)}")

    def _where(self, done: int) -> str:
        left = self._left(done)
        time = f", about {units.duration(left)} left" if left else ""
        name = f", {self._ahead[0][0].name}" if len(self._measured) > 1 else ""
        return f"{self._prefix}pass {self._number} of {self._passes}{name}{time}"

    def _left(self, done: int) -> float:
        """Seconds to the end of the last pass; 0 while no row has been timed."""
        took = longest([each.took for each in self._measured])
        if not took:
            return 0.0
        groups = {row: 0.0 for each in self._measured for row in each.groups}
        timed = longest([each.seconds for each in self._measured])
        seconds = {**groups, **timed} if self._number == 1 else timed
        ahead = [row for _, part in self._ahead for row in part][done:]
        for later in range(self._number + 1, self._passes + 1):
            ahead += due([*groups], later, self._passes, seconds) * len(self._measured)
        usual = sum(took.values()) / len(took)
        return sum(took.get(row, usual) for row in ahead)
