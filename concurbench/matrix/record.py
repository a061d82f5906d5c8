"""A matrix as a file: every session's raw run, kept while it goes on, so that none is lost."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from concurbench.errors import ConcurbenchError
from concurbench.matrix.matrix import Lane, Visit
from concurbench.results import atomic
from concurbench.runner.child import ChildResult, CollectedRow

FORMAT = "concurbench-matrix 1"


class Record:
    """The file; it is whole after each visit."""

    def __init__(
        self, path: Path, about: Mapping[str, Any], lanes: Sequence[Lane], rows: Iterable[CollectedRow]
    ) -> None:
        self.path = path
        self._content: dict[str, Any] = {
            "format": FORMAT,
            **about,
            # Without the interpreter's path: where it lies is nobody's business.
            "lanes": [{"name": x.name, "version": x.version, "missing": x.missing} for x in lanes],
            "rows": [asdict(row) for row in rows],
            "visits": [],
        }
        self._write()

    def add(self, visit: Visit) -> None:
        """One more session is over."""
        kept = {**asdict(visit), "rows": list(visit.rows)}
        for place in ("root", "storage"):  # private, too: where a checkout lies
            del kept["ended"][place]
        self._content["visits"].append(kept)
        self._write()

    def about(self, **more: object) -> None:
        """What was found in the end."""
        self._content.update(more)
        self._write()

    @property
    def content(self) -> Mapping[str, Any]:
        return self._content

    def _write(self) -> None:
        atomic.write(self.path, json.dumps(self._content, default=str))


class RecordError(ConcurbenchError):
    """A file that holds no matrix; the message names it."""


def read(path: Path) -> Mapping[str, Any]:
    """The content of such a file, to be ``unpacked``.

    Raises:
        RecordError: it cannot be read or is no such file.
    """
    try:
        content: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        if content["format"] != FORMAT:
            raise ValueError(f"its format is {content['format']!r}")
        unpacked(content)
    except OSError as error:
        raise RecordError(f"{path}: {error.strerror}") from None
    except (ValueError, LookupError, TypeError) as error:
        raise RecordError(f"{path}: not a matrix ({error})") from None
    return content


def unpacked(content: Mapping[str, Any]) -> tuple[list[str], list[CollectedRow], list[Visit]]:
    """The names of the lanes, the rows and the visits of a matrix."""
    visits = []
    for each in content["visits"]:
        ended = dict(each["ended"])
        outcomes = {row: (kind, why) for row, (kind, why) in ended.pop("outcomes").items()}
        rows = [CollectedRow(**row) if isinstance(row, dict) else row for row in ended.pop("rows")]
        visits.append(
            Visit(
                each["number"], each["lane"], tuple(each["rows"]),
                ChildResult(rows=rows, outcomes=outcomes, **ended),
            )
        )  # fmt: skip
    names = [lane["name"] for lane in content["lanes"]]
    return names, [CollectedRow(**row) for row in content["rows"]], visits
