"""Printing: tables and sentences, as wide as the terminal, or 80 columns in a pipe or file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import click
from rich.console import Console, RenderableType
from rich.text import Text

from concurbench.results.row import Row

EIGHTHS = " ▏▎▍▌▋▊▉"

COLUMNS = 80
"""The width of output that is not a terminal."""

MAX_COLUMNS = 100
"""The width of the overview on a wider terminal."""


NAMES = (9, 4, 3, 2, 1)
"""How many names of a list are tried to fit in a line."""


@dataclass(frozen=True)
class Part:
    """A part of a sentence: a list of names that may be cut short, and what stands around it."""

    before: str
    names: Sequence[str]
    after: str = ""
    style: str = ""

    def text(self, most: int) -> Text:
        """The part with at most this many names."""
        more = len(self.names) - most
        shown = f"{', '.join(self.names[:most])}{f' and {more} more' if more > 0 else ''}"
        return Text(f"{self.before}{shown}{self.after}", self.style)


def as_text(shown: RenderableType, width: int, *, colour: bool = False) -> str:
    """The output on a terminal of this width, without spaces at the ends of lines."""
    console = Console(width=width, force_terminal=colour, no_color=not colour, highlight=False)
    with console.capture() as captured:
        console.print(shown)
    return "\n".join(line.rstrip() for line in captured.get().splitlines())


def columns() -> int:
    """The width of what is printed."""
    console = Console()
    return min(console.width, MAX_COLUMNS) if console.is_terminal else COLUMNS


def show(what: RenderableType) -> None:
    console = Console(highlight=False)
    if console.is_terminal:
        console.print(what)
    else:
        click.echo(as_text(what, COLUMNS).rstrip("\n"))


def say(line: str, style: str = "", *, whole: bool = False) -> None:
    """Print a sentence, wrapped between words.

    ``whole`` keeps it on one line in a pipe or file, so that others can search for paths and ids in it.
    """
    console = Console(highlight=False)
    if console.is_terminal:
        console.print(Text(line, style))
    else:
        click.echo(line if whole else as_text(Text(line), COLUMNS))


def names(rows: Sequence[Row]) -> dict[str, str]:
    """Row -> its model, with the number of workers if a model has several of these rows."""
    one_each = len({row.model for row in rows}) == len(rows)
    return {row.id: row.model if one_each else f"{row.model} ({row.workers})" for row in rows}


def bar(share: float, columns: int) -> str:
    """A bar for a share of 1, which fills this many columns, as larger shares do."""
    full, rest = divmod(round(min(share, 1.0) * columns * 8), 8)
    return "█" * full + EIGHTHS[rest].strip()


def ratio(number: float, digits: int = 1) -> str:
    """A ratio with this many decimals; one more below 0.1, none from 10."""
    if number < 0.1:
        digits += 1
    return f"{number:.{digits}f}" if round(number, digits) < 10 else f"{number:,.0f}"


def shortened(text: str, width: int) -> str:
    """The text, cut off with an ellipsis if it is wider."""
    return text if len(text) <= width else f"{text[: width - 1]}…"


def joined(parts: Sequence[Part], room: int) -> Text | None:
    """One line of as many of the parts as fit, with as many names, and an ellipsis for the others. None
    if not even the first does."""
    for count in range(len(parts), 0, -1):
        for most in NAMES:
            shown = [part.text(most) for part in parts[:count]]
            line = Text(" · ").join([*shown, *([Text("…")] if count < len(parts) else [])])
            if len(line) <= room:
                return line
    return None


def filled(parts: Sequence[Part], width: int, indent: str = "  ") -> Iterator[Text]:
    """Lines of the parts, the first as full as possible, the following indented."""
    while parts:
        for count in range(len(parts), 0, -1):
            lines = [_row_of(parts[:count], most, indent) for most in NAMES]
            fitting = [line for line in lines if len(line) <= width]
            if fitting or count == 1:
                line = fitting[0] if fitting else lines[-1]
                line.truncate(width, overflow="ellipsis")
                yield line
                parts, indent = parts[count:], "  "
                break


def at_most(number: int | None, lines: Sequence[Text], width: int) -> Sequence[Text]:
    """At most this many lines, with an ellipsis if there were more."""
    if number is None or len(lines) <= number:
        return lines
    last = lines[number - 1]
    last.truncate(width - 2)
    return [*lines[: number - 1], last.append(" …")]


def _row_of(parts: Sequence[Part], most: int, indent: str) -> Text:
    line = Text(indent)
    for number, part in enumerate(parts):
        if number and parts[number - 1].names:
            line.append(" · ")
        line.append_text(part.text(most))
    return line
