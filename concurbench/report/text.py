"""Printing: tables and sentences, as wide as the terminal, or 80 columns in a pipe or file."""

from __future__ import annotations

import click
from rich.console import Console, RenderableType
from rich.text import Text

COLUMNS = 80
"""The width of output that is not a terminal."""


def as_text(shown: RenderableType, width: int, *, colour: bool = False) -> str:
    """The output on a terminal of this width, without spaces at the ends of lines."""
    console = Console(width=width, force_terminal=colour, no_color=not colour, highlight=False)
    with console.capture() as captured:
        console.print(shown)
    return "\n".join(line.rstrip() for line in captured.get().splitlines())


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
