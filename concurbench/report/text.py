"""Printing: tables and sentences in the terminal's width, or in 80 columns in a pipe."""

from __future__ import annotations

import click
from rich.console import Console, RenderableType
from rich.text import Text

COLUMNS = 80
"""The width of output that goes to a file or a pipe."""


def as_text(shown: RenderableType, width: int, *, colour: bool = False) -> str:
    """What it looks like on a terminal of so many columns, without blanks at the ends of lines."""
    console = Console(width=width, force_terminal=colour, no_color=not colour, highlight=False)
    with console.capture() as captured:
        console.print(shown)
    return "\n".join(line.rstrip() for line in captured.get().splitlines())


def show(what: RenderableType) -> None:
    """Print in the terminal's width, elsewhere in 80 columns without blanks at the ends of lines."""
    console = Console(highlight=False)
    if console.is_terminal:
        console.print(what)
    else:
        click.echo(as_text(what, COLUMNS).rstrip("\n"))


def say(line: str, style: str = "", *, whole: bool = False) -> None:
    """Print a sentence, bent between words; one that is ``whole`` only in a terminal, for there are
    paths and ids in it, that others may look for."""
    console = Console(highlight=False)
    if console.is_terminal:
        console.print(Text(line, style))
    else:
        click.echo(line if whole else as_text(Text(line), COLUMNS))
