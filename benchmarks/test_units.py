"""How long units of each kind take to start and to end, and how much memory they take."""

from __future__ import annotations

from collections.abc import Callable

from benchmarks import weighing
from impls import units


def test_units(row: Callable[..., None], model: str, case: str, workers: int) -> None:
    count = min(units.CASES[case].items, workers)
    row(
        setup=lambda case: units.Job(min(case.items, workers)),
        check=units.check,
        work=(count, weighing.KIND, weighing.measure, weighing.fill),
        once={"memory": lambda: weighing.weigh(model, count)},
        memory_is=weighing.KIND,
    )
