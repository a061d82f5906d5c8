"""How long units of each kind take to start and to end, and how much memory they take."""

from __future__ import annotations

from collections.abc import Callable

from benchmarks import weighing
from impls import units


def test_units(row: Callable[..., None], model: str, case: str, workers: int) -> None:
    count = min(units.CASES[case].items, workers)
    memory = weighing.weigh(model, count)
    row(
        setup=lambda case: units.Job(min(case.items, workers), memory=memory),
        check=units.check,
        work=(count, weighing.KIND, weighing.measure, weighing.fill),
        memory_is=weighing.KIND,
    )
