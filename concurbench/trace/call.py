"""A call that was watched, from its begin to its end."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from concurbench.trace.unit import Unit, Units


@dataclass(frozen=True)
class Call:
    """A call of a watched function; times are seconds of ``time.perf_counter``.

    ``item`` is what it was about, ``result`` what it returned, both as JSON has them. While it goes on
    there is no ``end``.
    """

    what: str
    item: Any
    unit: Unit
    begin: float
    end: float | None = None
    result: Any = None
    error: str | None = None
    """The name of the exception that it ended with."""
    why: str | None = None
    """What that exception said."""

    @property
    def seconds(self) -> float:
        """How long it took; it is to have ended."""
        assert self.end is not None, f"{self.what} goes on"
        return self.end - self.begin


class Calls:
    """Reads the recorder's file as it grows."""

    def __init__(self, path: Path, main: int) -> None:
        """``main`` is the id of the process that everything begins in."""
        self._path = path
        self._units = Units(main)
        self._open: dict[tuple[int, int, int], Call] = {}
        self.read = 0
        """Bytes of the file."""

    @property
    def unfinished(self) -> list[Call]:
        """Those that have begun and not ended, as far as it has been read."""
        return list(self._open.values())

    def new(self) -> Iterator[Call]:
        """What was noted since the last time: each call when it has begun, and again when it has
        ended."""
        if not self._path.exists():
            return
        with self._path.open("rb") as file:
            file.seek(self.read)
            noted = file.read()
        whole = noted[: noted.rfind(b"\n") + 1]  # of a line that is being written, nothing yet
        self.read += len(whole)
        for line in whole.splitlines():
            yield self._taken(json.loads(line))

    def _taken(self, noted: dict[str, Any]) -> Call:
        process, interpreter, *_ = noted["unit"]
        key = process, interpreter, noted["call"]
        if noted["kind"] == "begin":
            unit = self._units.named(noted["unit"])
            call = self._open[key] = Call(noted["what"], noted["item"], unit, begin=noted["at"])
            return call
        begun = self._open.pop(key)
        result, error, why = (noted.get(name) for name in ("result", "error", "why"))
        return replace(begun, end=noted["at"], result=result, error=error, why=why)
