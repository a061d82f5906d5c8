"""Text made by a command, in a Markdown file written by hand: between two marks."""

from __future__ import annotations

from pathlib import Path


class NoMarks(Exception):
    """A file without the marks; the message names both."""


def insert(text: str, into: Path, name: str) -> None:
    """Put the text between ``<!-- NAME -->`` and ``<!-- /NAME -->``, in place of what is there.

    Raises:
        NoMarks: the file has no such marks.
        OSError: it cannot be read or written.
    """
    content = into.read_text(encoding="utf-8")
    before, opening, rest = content.partition(f"<!-- {name} -->\n")
    _, closing, after = rest.partition(f"<!-- /{name} -->")
    if not closing:
        raise NoMarks(f"{into} has no line <!-- {name} --> with <!-- /{name} --> below it")
    into.write_text(f"{before}{opening}{text}{closing}{after}", encoding="utf-8")
