"""Rows with given rounds, pass by pass."""

from __future__ import annotations

import math
import random
from collections.abc import Mapping, Sequence

from concurbench.results.row import Metric, Pass, Row


def row(
    model: str, passes: Sequence[Sequence[float]], turns: Sequence[int] = (), *,
    metrics: Mapping[str, Sequence[Sequence[float]]] | None = None, better: str = "lower",
    group: str = "group", reference: bool = False, workload: str = "work",
) -> Row:  # fmt: skip
    """A row with these seconds in each pass; ``turns`` are the rounds of each turn of a pass."""
    metrics = metrics or {}
    by_pass = tuple(
        Pass(
            number,
            tuple(seconds),
            turns=tuple(turns),
            metrics={name: tuple(values[number - 1]) for name, values in metrics.items()},
        )
        for number, seconds in enumerate(passes, start=1)
    )
    return Row(
        id=f"test.py::test[{model}]",
        group=group,
        model=model,
        seconds=tuple(each.median for each in by_pass),
        by_pass=by_pass,
        metrics=tuple(
            Metric(name, "s", better, tuple(sum(each) / len(each) for each in values), len(passes))
            for name, values in metrics.items()
        ),
        reference=reference,
        workload=workload,
    )


def drawn(
    models: Mapping[str, float], *, passes: int = 3, turns: int = 5, machine: float = 0.2,
    between: float = 0.01, within: float = 0.03, seed: int = 1,
) -> list[Row]:  # fmt: skip
    """Rows that take turns on a machine whose speed varies: model -> its true seconds.

    The speed of the machine, the process and the turn vary by these shares; rows share the machine's.
    """
    chance = random.Random(seed)
    drift = []
    for _ in range(passes):
        speed = chance.gauss(0, machine)
        drift.append([speed + chance.gauss(0, machine / 4) for _ in range(turns)])
    found = []
    for model, seconds in models.items():
        times = []
        for speeds in drift:
            process = chance.gauss(0, between)
            times.append([seconds * math.exp(s + process + chance.gauss(0, within)) for s in speeds])
        found.append(row(model, times, [1] * turns))
    return found
