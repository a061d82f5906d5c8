"""How long each model takes to count events that several threads produce."""

from __future__ import annotations

from concurbench.measure.row import BenchmarkRow
from impls import Resources, shared


def test_shared(row: BenchmarkRow) -> None:
    work = (row.case.batches, shared.events)
    row.measure(Resources(), work=work, yardstick="python_loop")
