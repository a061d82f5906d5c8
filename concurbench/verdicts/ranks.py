"""How the rows of a group rank: by a criterion, beside sequential, beside the best possible time."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from concurbench.results.row import SEQUENTIAL, Row
from concurbench.verdicts.choice import COSTS, LEVEL, Choice
from concurbench.verdicts.pairs import TIME, compare


def cost(row: Row) -> tuple[float | None, float | None]:
    """The CPU seconds of a round, and the peak memory in bytes; None where they were not measured."""
    cpu, memory = (row.metric(name) for name in COSTS.values())
    return cpu.median if cpu else None, memory.median if memory else None


def cheaper(one: Row, other: Row) -> bool:
    """Whether a row certainly takes less CPU time than another one."""
    pairs = compare([one, other], COSTS["cpu"])
    if pairs is None:
        return False
    pair = pairs[one.id, other.id]
    return pair.mean + pair.margin(1 - LEVEL) < 0


def best_possible(rows: Sequence[Row]) -> float | None:
    """The best possible time of the rows of a group: the smallest limit, None without any."""
    return min((row.limit for row in rows if row.limit), default=None)


def share_of_best(row: Row, best: float | None) -> float | None:
    """The best possible time over the row's median; None without one, and for a reference that has no
    limit, because it does the work in another way."""
    return None if best is None or (row.reference and row.limit is None) else best / row.median


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
    costs = [short for short, name in COSTS.items() if any(row.metric(name) for row in rows)]
    return list(dict.fromkeys([TIME, *costs, *names]))
