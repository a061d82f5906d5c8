"""The options and the file format that all studies share."""

from __future__ import annotations

import contextlib
import importlib.util
import shutil
from collections.abc import Iterator
from pathlib import Path

import click

from concurbench import machine
from concurbench.command import (
    EXISTING,
    FILE,
    Decorator,
    check_writable,
    ended_by_signals,
    published,
    with_options,
)
from concurbench.errors import ConcurbenchError
from concurbench.results import records
from concurbench.results.records import Entry, Record
from concurbench.results.storage import default_path

options = with_options(
    click.option(
        "--json",
        "json_file",
        metavar="FILE",
        type=FILE,
        help="Save all measurements to FILE. [default: a new file, named at the end]",
    ),
    click.option(
        "--more",
        metavar="FILE",
        type=EXISTING,
        help="Continue an earlier file of this machine, and report all measurements in it.",
    ),
    click.option(
        "--from",
        "source",
        metavar="FILE",
        type=EXISTING,
        help="Measure nothing: report the measurements in this file.",
    ),
)
"""Adds the options that all studies share."""


def number(name: str, default: int, least: int, text: str) -> Decorator:
    """An option for a whole number of at least ``least``; ``text`` is its help."""
    return click.option(
        name, default=default, show_default=True, type=click.IntRange(min=least), help=text
    )


def need_scipy() -> None:
    """Check that scipy is installed.

    Raises:
        ConcurbenchError: it is not.
    """
    if importlib.util.find_spec("scipy") is None:
        raise ConcurbenchError("this needs scipy: pip install 'concurbench[scaling]'")


@contextlib.contextmanager
def recording(
    kind: str, header: Entry, json_file: Path | None, more: Path | None
) -> Iterator[tuple[Record, list[Entry]]]:
    """The file for a study's measurements, and the entries that it has already. However the study ends,
    the file is named; a signal ends it.

    ``more`` is an earlier file to continue: in place, or as a copy if ``json_file`` is given.

    Raises:
        ConcurbenchError: no file can be written, or the earlier one has another header.
        OSError: the file cannot be written.
    """
    record, entries = _start(kind, header, json_file, more)
    try:
        with ended_by_signals():
            yield record, entries
    finally:
        published(lambda: click.echo(f"measurements: {record.path}", err=True))


def _start(
    kind: str, header: Entry, json_file: Path | None, more: Path | None
) -> tuple[Record, list[Entry]]:
    check_writable(json_file)
    path = json_file.resolve() if json_file else None
    if more is None:
        return Record(path or default_path("studies", kind.replace(" ", "-")), kind, header), []
    earlier, entries = records.read(more, kind)
    changed = machine.differences(earlier["machine"], header["machine"])
    changed += [
        f"{name}: {earlier.get(name)} → {value}"
        for name, value in header.items()
        if name != "machine" and earlier.get(name) != value
    ]
    if changed:
        raise ConcurbenchError(f"{more} cannot be continued: {', '.join(changed)}: start a new file")
    if path is not None and path != more.resolve():
        shutil.copyfile(more, path)
    return Record.reopened(path or more), entries


def place(facts: Entry) -> str:
    """The machine and the interpreter of a study, for its report."""
    return (
        f"{facts['system']}, {facts['cpu']}, {facts['usable_cores']} cores, "
        f"{facts['python_implementation']} {facts['python_version']}"
    )
