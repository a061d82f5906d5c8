"""How long an acquire and a release take with each kind of semaphore."""

from __future__ import annotations

from concurbench.measure.row import BenchmarkRow
from impls import Resources, throttle


def test_throttle(row: BenchmarkRow) -> None:
    work = (row.case, throttle.Flight.__enter__, throttle.Flight.__exit__)
    row.measure(Resources(workers=row.workers), work=work)
