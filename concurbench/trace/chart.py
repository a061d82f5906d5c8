"""The time line for a terminal: a row for each unit, a column for each moment."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from rich.text import Text

from concurbench import units
from concurbench.trace.rows import Row
from concurbench.trace.span import Kind, Span
from concurbench.units import counted

MOST = 40
"""Rows there is room for; a picture has room for all."""

LEAST = 12
"""Columns for the time, however narrow the terminal is."""

SEVERAL = "▒"
"""Where more than one fell into a column."""

TICKS = 4
"""Into so many parts the axis is divided."""


@dataclass(frozen=True)
class Look:
    """How a kind is drawn: begin, middle, end, and all of it in one column."""

    begin: str
    middle: str
    end: str
    alone: str
    style: str


LOOKS = {
    Kind.WAITS: Look("├", "─", "┤", "│", "cyan"),
    Kind.LATE: Look("├", "╌", "┤", "╎", "magenta"),
    Kind.HOLDS: Look("╞", "═", "╡", "║", "yellow"),
    Kind.COMPUTES: Look("┣", "━", "┫", "┃", "green"),
    Kind.FAILS: Look("├", "×", "┤", "×", "red"),
}


def chart(rows: Sequence[Row], width: int) -> Text:
    """The rows, the axis and what the signs mean, in ``width`` columns."""
    shown = rows[:MOST]
    gutter = max(len(row.title) for row in shown) + 2
    begin = min(span.begin for row in rows for span in row.spans)
    end = max(span.end for row in rows for span in row.spans)
    scale = _Scale(begin, max(end - begin, 1e-9), max(width - gutter, LEAST))
    text = Text()
    for row in shown:
        text.append(row.title.ljust(gutter), "bold")
        text.append_text(_drawn(row, scale))
        text.append("\n")
    if len(rows) > len(shown):
        left = counted(len(rows) - len(shown), "more row")
        text.append(f"… and {left}: --svg FILE draws them all\n", "yellow")
    text.append(" " * gutter + scale.axis() + "\n", "dim")
    text.append(_legend(shown, scale, several=SEVERAL in text.plain), "dim")
    return text


@dataclass(frozen=True)
class _Scale:
    begin: float
    seconds: float
    columns: int

    def columns_of(self, span: Span) -> tuple[int, int]:
        """The first and the last column of a span."""
        share = self.columns / self.seconds
        first = min(int((span.begin - self.begin) * share), self.columns - 1)
        last = math.ceil((span.end - self.begin) * share) - 1
        return first, min(max(first, last), self.columns - 1)

    def axis(self) -> str:
        """Times below the columns they belong to, as far as they do not run into each other or into
        the last, which ends where the time does."""
        unit = units.unit_to_read(self.seconds / TICKS)
        begin, *said = [
            f"{unit.text(self.seconds * tick / TICKS)} {unit.symbol}" if tick else "0"
            for tick in range(TICKS + 1)
        ]
        end = said.pop()
        last = self.columns - len(end)
        line = begin
        for tick, time in enumerate(said, 1):
            column = self.columns * tick // TICKS
            if len(line) < column and column + len(time) < last:
                line = line.ljust(column) + time
        return line.ljust(max(last, len(line) + 1)) + end


def _drawn(row: Row, scale: _Scale) -> Text:
    cells = [(" ", "")] * scale.columns
    for span in row.spans:
        look = LOOKS[span.kind]
        first, last = scale.columns_of(span)
        if cells[first][0] != " ":
            if first == last:
                cells[first] = (SEVERAL, look.style)
                continue
            first += 1  # the one before has its end there
        for column, sign in enumerate(_signs(span.label, look, last - first + 1), first):
            cells[column] = (sign, look.style)
    text = Text()
    for sign, style in cells:
        text.append(sign, style)
    return text


def _signs(label: str, look: Look, columns: int) -> str:
    if columns == 1:
        return look.alone
    inside = columns - 2
    named = label if len(label) <= inside else ""
    return look.begin + named + look.middle * (inside - len(named)) + look.end


def _legend(rows: Sequence[Row], scale: _Scale, *, several: bool) -> str:
    kinds = {span.kind for row in rows for span in row.spans}
    said = [
        f"{look.begin}{look.middle}{look.end} {kind.value}"
        for kind, look in LOOKS.items()
        if kind in kinds
    ]
    if several:
        said.append(f"{SEVERAL} several in a column")
    return "  ".join([*said, f"a column is {units.time(scale.seconds / scale.columns)}"])
