"""How long an event loop stands still while a coroutine writes files, and files per second."""

from __future__ import annotations

from pathlib import Path

from concurbench.measure.row import BenchmarkRow
from impls import Resources, bridges, saving


def test_saving(row: BenchmarkRow, destination: Path) -> None:
    shared = (saving.save, saving.PULSE, bridges.Heart.beat, bridges.stood_still)
    work = (*row.case.contents, row.case.synced, *shared)
    row.measure(Resources(destination=destination), work=work)
