"""How long an event loop stands still while a coroutine makes blocking calls, and calls per second."""

from __future__ import annotations

from concurbench.measure.row import BenchmarkRow
from impls import Resources, bridges


def test_bridges(row: BenchmarkRow) -> None:
    case = row.case
    row.measure(
        Resources(),
        waiting=bridges.waiting(case, row.workers),
        work=(
            case.numbers,
            case.call,
            bridges.WAIT,
            bridges.PULSE,
            bridges.Heart.beat,
            bridges.stood_still,
        ),
    )
