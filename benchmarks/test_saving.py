"""How long an event loop stands still while a coroutine writes files, and how many it gets written."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from impls import bridges, saving


def test_saving(row: Callable[..., None], destination: Callable[[], Path], case: str) -> None:
    this = saving.CASES[case]
    row(
        setup=lambda case: saving.Job(case.contents, destination(), case.synced),
        check=saving.check,
        work=(
            *this.contents,
            this.synced,
            saving.save,
            saving.PULSE,
            bridges.Heart.beat,
            bridges.stood_still,
        ),
    )
