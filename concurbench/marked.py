"""Text made by a command, in a Markdown file written by hand: between two marks."""

from __future__ import annotations

from pathlib import Path

from concurbench.errors import ConcurbenchError


class NoMarks(ConcurbenchError):
    """A file without the marks; the message names both."""


def check(into: Path, name: str) -> None:
    """Whether there is a place for what is called so.

    Raises:
        NoMarks: the file has no such marks.
        OSError: it cannot be read.
    """
    _split(into, name)


def insert(text: str, into: Path, name: str) -> None:
    """Put the text between ``<!-- NAME -->`` and ``<!-- /NAME -->``, in place of what is there.

    Raises:
        NoMarks: the file has no such marks.
        OSError: it cannot be read or written.
    """
    before, opening, closing, after = _split(into, name)
    into.write_text(f"{before}{opening}{text}{closing}{after}", encoding="utf-8")


def _split(into: Path, name: str) -> tuple[str, str, str, str]:
    content = into.read_text(encoding="utf-8")
    before, opening, rest = content.partition(f"<!-- {name} -->\n")
    _, closing, after = rest.partition(f"<!-- /{name} -->")
    if not closing:
        raise NoMarks(f"{into} has no line <!-- {name} --> with <!-- /{name} --> below it")
    return before, opening, closing, after
