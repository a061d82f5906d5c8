"""An agreement as a file: every pair of observations, kept while it goes on, so that none is lost."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from concurbench.errors import ConcurbenchError
from concurbench.results.storage import write_atomic
from studies.agreement.pairs import Pair

FORMAT = "concurbench-agreement 1"


class Record:
    """The file; it is whole after each pair."""

    def __init__(
        self, path: Path, machine: Mapping[str, object], rows: Sequence[str],
        earlier: Mapping[str, Any] | None = None,
    ) -> None:  # fmt: skip
        """A new file; one that goes on from what an ``earlier`` one holds, where that is given."""
        self.path = path
        known = earlier["rows"] if earlier else []
        self.content: dict[str, Any] = {
            "format": FORMAT, "machine": dict(machine), "pairs": [],
            "rows": list(dict.fromkeys([*known, *rows])),
        }  # fmt: skip
        if earlier is not None:
            self.content["pairs"] += earlier["pairs"]
        self._write()

    def add(self, pair: Pair) -> None:
        """Both timers have seen a row."""
        self.content["pairs"].append(asdict(pair))
        self._write()

    def _write(self) -> None:
        write_atomic(self.path, json.dumps(self.content))


class RecordError(ConcurbenchError):
    """A file that holds no agreement; the message names it."""


def read(path: Path) -> dict[str, Any]:
    """The content of such a file.

    Raises:
        RecordError: it cannot be read, or is no such file.
    """
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        if content["format"] != FORMAT:
            raise ValueError(f"its format is {content['format']!r}")
        if not content["rows"] or set(content["rows"]) != set(pairs(content)):
            raise ValueError("it ended before each row had a pair")
    except OSError as error:
        raise RecordError(f"{path}: {error.strerror}") from None
    except (ValueError, LookupError, TypeError) as error:
        raise RecordError(f"{path}: not an agreement ({error})") from None
    return content


def pairs(content: Mapping[str, Any]) -> dict[str, list[Pair]]:
    """Row -> its pairs, in the order in which they were taken."""
    found: dict[str, list[Pair]] = {}
    for each in content["pairs"]:
        pair = Pair(each["row"], each["first"], tuple(each["concurbench"]), tuple(each["pyperf"]))
        found.setdefault(pair.row, []).append(pair)
    return found
