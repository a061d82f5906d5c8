"""The command ``machine``: the identity card of this machine and interpreter."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import click
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from concurbench import pyproject
from concurbench.command import Command
from concurbench.machine.card import HIDDEN, UNKNOWN, Card, Field, Kind
from concurbench.machine.identify import card
from concurbench.machine.processor import reported_otherwise
from concurbench.report.text import show

TITLES, VALUES = 24, 44
"""Columns of titles and of values; the kinds take the rest of a line of 80."""

STYLES = {Kind.IDENTITY: "bold", Kind.CONTEXT: "", Kind.VOLATILE: "dim"}


@click.command("machine", cls=Command, short_help="Show what identifies this machine and interpreter.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def show_machine(as_json: bool) -> None:
    """Show the identity card of this machine and interpreter, which is saved with every run.

    Each field has a kind. Identity fields are part of the folder's name: runs that differ in them are
    never compared automatically. Differences in context fields are named in a comparison. Volatile
    fields are not compared. The packages are the installed ones among those that pyproject.toml lists
    as timed.

    \b
    Exit codes: 0  shown
                2  no answer: pyproject.toml is wrong

    \b
    Examples: concurbench machine
              concurbench machine --json
    """
    made = card(pyproject.timed(Path.cwd()))
    if as_json:
        fields = [{"name": each.name, "kind": each.kind, "value": each.value} for each in made.fields]
        click.echo(json.dumps({"folder": made.folder, "fields": fields}, indent=2))
    else:
        show(as_table(made))


def as_table(card: Card) -> RenderableType:
    """The folder, the sections, what a virtual machine hides, and cores that Python reports wrongly."""
    # Not a table's title: that would be wrapped to the table's width.
    shown: list[RenderableType] = [Text(card.folder, style="bold")]
    shown += [_section(title, fields) for title, fields in card.sections.items() if fields]
    notes = [*_hidden(card), _sentence(reported_otherwise(card.facts()))]
    shown += [Text(f"\n{note}", style="yellow") for note in notes if note]
    return Group(*shown)


def _sentence(clause: str) -> str:
    return clause and f"{clause[0].upper()}{clause[1:]}."


def _hidden(card: Card) -> Iterator[str]:
    """What a virtual machine hides, and what that means for measurements."""
    hidden = [field.title for field in card.fields if field.value == HIDDEN]
    if hidden:
        yield (
            f"This virtual machine hides: {', '.join(hidden)}. The host may change the clock speed or "
            "share the cores with other guests unnoticed, so compare runs made side by side, and trust "
            "ratios more than seconds."
        )
        if card.value("steal") == "never counted":
            yield "This machine has never reported steal: a run without steal proves nothing."


def _section(title: str, fields: Sequence[Field]) -> RenderableType:
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(width=TITLES, no_wrap=True)
    table.add_column(width=VALUES, overflow="fold")
    table.add_column(style="dim", no_wrap=True)
    for field in fields:
        style = "yellow" if field.value in (HIDDEN, UNKNOWN) else STYLES[field.kind]
        table.add_row(f"  {field.title}", Text(field.text, style=style), field.kind)
    return Group(Text(f"\n{title}"), table)
