"""The command ``concurbench identity``: what this machine and interpreter are, as runs keep it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import click
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from concurbench import pyproject
from concurbench.errors import ConcurbenchError
from concurbench.machine import HIDDEN, UNKNOWN, Card, Field, Kind, Section, card
from concurbench.report.text import show

WIDTHS = 24, 44
"""Of titles and values, in columns: the kinds fill the rest of a line of 80."""

STYLES = {Kind.IDENTITY: "bold", Kind.CONTEXT: "", Kind.VOLATILE: "dim"}


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead.")
def identity(as_json: bool) -> None:
    """Print the identity card of this machine and interpreter.

    It is saved with every run. Each field is identity (part of the folder's name: runs that differ in
    it are never compared), context (a difference is named) or volatile (never compared). The packages
    are those that pyproject.toml lists as timed, as far as they are there.

    Example: concurbench identity --json
    """
    try:
        made = card(pyproject.timed(Path.cwd()))
    except pyproject.ProjectError as error:
        raise ConcurbenchError(str(error)) from None
    if as_json:
        click.echo(as_data(made))
    else:
        show(as_table(made))


def as_data(card: Card) -> str:
    """The folder, and each field's name, kind and value, as JSON."""
    fields = [{"name": each.name, "kind": each.kind, "value": each.value} for each in card.fields]
    return json.dumps({"folder": card.folder, "fields": fields}, indent=2, ensure_ascii=False)


def as_table(card: Card) -> RenderableType:
    """The folder on top, then section after section, and below what a virtual machine hides."""
    # Not a heading of the table: those are bent into its width.
    shown: list[RenderableType] = [Text(card.folder, style="bold")]
    shown += [_section(section) for section in card.sections if section.fields]
    shown += [Text(f"\n{sentence}", style="yellow") for sentence in sentences(card)]
    return Group(*shown)


def sentences(card: Card) -> Iterator[str]:
    """What a virtual machine hides, and what follows for measurements."""
    hidden = [field.title for field in card.fields if field.value == HIDDEN]
    if hidden:
        yield (
            f"A virtual machine: it hides {', '.join(hidden)}. The host may change its clock speed or "
            "run others on the same cores unseen, so compare runs made side by side, and trust ratios "
            "more than seconds."
        )
        if card.value("steal") == "never counted":
            yield "No steal was ever counted here: that none is counted in a run means nothing."


def _section(section: Section) -> RenderableType:
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    titles, values = WIDTHS
    table.add_column(width=titles, no_wrap=True)
    table.add_column(width=values, overflow="fold")
    table.add_column(style="dim", no_wrap=True)
    for field in section.fields:
        table.add_row(f"  {field.title}", _value(field), field.kind)
    return Group(Text(f"\n{section.title}"), table)


def _value(field: Field) -> Text:
    missing = field.value in (HIDDEN, UNKNOWN)
    return Text(field.text, style="yellow" if missing else STYLES[field.kind])
