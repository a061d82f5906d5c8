"""How the rows of a group rank: by a criterion, beside sequential, beside the best possible time."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from concurbench.results.row import SEQUENTIAL, Row
from concurbench.verdicts.choice import Choice
from concurbench.verdicts.pairs import TIME

COSTS = ("cpu", "memory")
"""The criteria that ``cost`` returns, in its order."""


def cost(row: Row) -> tuple[float | None, float | None]:
    """The CPU seconds of a round, and the peak memory in bytes; None where they were not measured."""
    found = getattr(row, "cost", None)
    return getattr(found, "cpu_seconds", None), getattr(found, "memory", None)


def best_possible(rows: Sequence[Row]) -> float | None:
    """The best possible time of the rows of a group: the smallest limit, None without any."""
    return min((row.limit for row in rows if row.limit), default=None)


def times_sequential(row: Row, rows: Sequence[Row], choice: Choice | None) -> float | None:
    """How many times faster than the sequential row of its group; None without one.

    In pairs where there is a verdict by time, otherwise from the medians.
    """
    sequential = next((each for each in rows if each.model == SEQUENTIAL), None)
    if sequential is None:
        return None
    if choice and choice.by == TIME:
        ratios = {each.row.id: each.ratio for each in choice.standings}
        if {row.id, sequential.id} <= ratios.keys():
            return ratios[sequential.id] / ratios[row.id]
    return sequential.median / row.median


def by_criterion(rows: Sequence[Row], criterion: str) -> list[tuple[Row, float | None]]:
    """The choices among the rows that have the criterion, the best median first, and each one's ratio
    to the best: above 1 is worse, None if there is no ratio."""
    value = value_of(criterion)
    found = [(row, each) for row in rows if not row.reference and (each := value(row)) is not None]
    metric = found[0][0].metric(criterion) if found else None
    higher = metric is not None and metric.better == "higher"
    found.sort(key=lambda each: -each[1] if higher else each[1])
    best = found[0][1] if found else 0.0
    return [
        (row, (best / each if higher else each / best) if best > 0 and each > 0 else None)
        for row, each in found
    ]


def value_of(criterion: str) -> Callable[[Row], float | None]:
    """What returns the median of the criterion of a row."""
    if criterion == TIME:
        return lambda row: row.median
    return lambda row: metric.median if (metric := row.metric(criterion)) else None


def criteria(rows: Sequence[Row]) -> list[str]:
    """What these rows can be compared by."""
    names = dict.fromkeys(metric.name for row in rows for metric in row.metrics)
    costs = [cost(row) for row in rows]
    also = [name for place, name in enumerate(COSTS) if any(each[place] is not None for each in costs)]
    return list(dict.fromkeys([TIME, *also, *names]))
