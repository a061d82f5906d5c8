"""Files that grow during a measurement: JSON Lines, first the header, then one entry per line.

A line is written in one call, so a file that was cut off is valid up to its last complete line.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from concurbench.errors import ConcurbenchError

Entry = Mapping[str, Any]


class Record:
    """A new file at ``path``; its folder is created if needed.

    Raises:
        OSError: it cannot be written.
    """

    def __init__(self, path: Path, kind: str, header: Entry) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(_line({"kind": kind, **header}), encoding="utf-8")

    @classmethod
    def reopened(cls, path: Path) -> Record:
        """An existing file, to append to.

        Raises:
            OSError: it cannot be written.
        """
        record = cls.__new__(cls)
        record.path = path
        with path.open("rb+") as file:
            if not file.read().endswith(b"\n"):  # cut off while a line was written
                file.write(b"\n")
        return record

    def append(self, entry: Entry) -> None:
        """Add an entry.

        Raises:
            OSError: it cannot be written; the earlier entries stay.
        """
        with self.path.open("a", encoding="utf-8") as file:
            file.write(_line(entry))


def read(path: Path, kind: str) -> tuple[Entry, list[Entry]]:
    """The header and the entries of a file of this kind.

    Raises:
        ConcurbenchError: the file cannot be read, or holds something else.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise ConcurbenchError(f"cannot read {path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ConcurbenchError(f"{path} is not a {kind} file") from None
    entries: list[Entry] = [entry for line in lines if (entry := _parsed(line)) is not None]
    if not entries or entries[0].get("kind") != kind:
        raise ConcurbenchError(f"{path} is not a {kind} file")
    return entries[0], entries[1:]


def _line(entry: Entry) -> str:
    return json.dumps(entry, separators=(",", ":")) + "\n"


def _parsed(line: str) -> dict[str, Any] | None:
    try:
        entry = json.loads(line)
    except ValueError:
        return None  # cut off
    return entry if isinstance(entry, dict) else None
