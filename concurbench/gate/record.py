"""A gate's raw pairs as a file: kept while it runs, so that none are lost however it ends."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from concurbench.gate.samples import Block
from concurbench.results.storage import write_atomic

FORMAT = "concurbench-gate 1"
SELDOM = 2.0
"""Seconds between two writes of a block that grows."""


class Record:
    """The file; ``add`` and ``close`` write it whole, each time."""

    def __init__(self, path: Path, about: Mapping[str, Any]) -> None:
        self.path = path
        self._content: dict[str, Any] = {"format": FORMAT, **about, "exit": None}
        self._blocks: list[dict[str, Any]] = []
        self._last: Block | None = None
        """The newest block, of which there may be more to come."""
        self._written = 0.0
        self._write()

    def add(self, block: Block, complete: bool = True) -> None:
        """One more block, or the rows of it so far; a first part of it may be there already.

        A complete block is in the file when this returns; a part may wait for the next one.
        """
        if self._last is not None and self._last.number != block.number:
            self._blocks.append(self._last.as_json())
        self._last = block
        if complete or time.monotonic() - self._written > SELDOM:
            self._write()

    def about(self, **more: object) -> None:
        """Facts that were not known before."""
        self._content.update(more)

    def close(self) -> None:
        """Write what has not been written yet."""
        self._write()

    def _write(self) -> None:
        last = [self._last.as_json()] if self._last is not None else []
        write_atomic(self.path, json.dumps({**self._content, "blocks": [*self._blocks, *last]}))
        self._written = time.monotonic()


def read_blocks(path: Path) -> list[Block]:
    """The blocks of such a file.

    Raises:
        OSError: it cannot be read.
        ValueError: it is no such file.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if content["format"] != FORMAT:
            raise ValueError(f"its format is {content['format']!r}")
        return [Block.from_json(block) for block in content["blocks"]]
    except (ValueError, LookupError, TypeError) as error:
        raise ValueError(f"{path}: not the pairs of a gate ({error})") from None
