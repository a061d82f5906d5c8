"""How long each model takes for tasks that only wait, and when the caller gets their results."""

from __future__ import annotations

from concurbench.measure.row import BenchmarkRow
from impls import Resources, naps


def test_naps(row: BenchmarkRow) -> None:
    tasks, resources = row.case.tasks, Resources(workers=row.workers)
    row.measure(resources, waiting=naps.limit(tasks, row.workers), work=(tasks, naps.nap))
