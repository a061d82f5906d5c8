"""How long each model takes to sort records by a key."""

from __future__ import annotations

from concurbench.measure.row import BenchmarkRow
from impls import Resources, sorting


def test_sorting(row: BenchmarkRow) -> None:
    work = (row.case.parts, sorting.key, sorting.sort, sorting.merged)
    row.measure(Resources(), work=work, yardstick="python_loop")
