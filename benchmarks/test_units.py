"""How long units of each kind take to start and to end, and how much memory they take."""

from __future__ import annotations

from functools import partial

from benchmarks import weighing
from concurbench.measure.row import BenchmarkRow
from impls import Resources


def test_units(row: BenchmarkRow) -> None:
    count = min(row.case.items, row.workers)
    row.measure(
        Resources(workers=row.workers),
        work=(count, weighing.KIND, weighing.measure, weighing.fill),
        once={"memory": partial(weighing.weigh, row.model.name, count)},
        memory_is=weighing.KIND,
    )
