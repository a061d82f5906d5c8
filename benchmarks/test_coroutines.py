"""How long a call of each kind of coroutine takes, inside the running loop."""

from __future__ import annotations

from concurbench.measure.row import BenchmarkRow
from impls import Resources


async def test_coroutines(aio_row: BenchmarkRow) -> None:
    await aio_row.measure_in_loop(Resources(), work=(aio_row.case.items,))
