"""The limit of each row: the shortest possible time, and which rows seem to beat theirs.

A limit is the largest of a row's lower bounds. A CPU-bound row has one more bound: the time of the
sequential row of its group over the capacity of the cores. The capacity is how many times the work of
one core as many workers did together. It is read in turn with the rows of the group, for as long as
their rounds take. On a shared machine it changes by the second, so each pass is judged by its own, and
the median over the passes counts. Older runs hold short readings around each row, which scatter: of
those the median over all rows of the run with as many workers counts. A reference does not have that
bound: it may do the work in another way, such as compiled.

No row can be faster than its limit. If one seems to be, something disturbed the row, or the sequential
row that its limit comes from.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from concurbench import units
from concurbench.results.row import SEQUENTIAL, Conditions, Row

MAX_EFFICIENCY = 1.02
"""The largest efficiency that is not questioned: it allows for measurement uncertainty."""

NOTICEABLE = 0.02
"""The least share of the cores' time, or difference in speed, that counts as a cause."""


def with_limits(rows: Iterable[Row]) -> tuple[Row, ...]:
    """The rows of a run, each with its limit and limit check."""
    rows = tuple(rows)
    capacity = capacities(rows)
    sequential = {row.group: row for row in rows if row.model == SEQUENTIAL}
    return tuple(_with_limit(row, sequential.get(row.group), capacity) for row in rows)


def capacities(rows: Iterable[Row]) -> dict[int | None, float]:
    """Number of workers -> capacity of the cores, for the rows that measured it."""
    near: dict[int | None, list[float]] = {}
    for row in rows:
        if row.capacity_near is not None:
            near.setdefault(row.workers, []).append(row.capacity_near)
    return {workers: statistics.median(readings) for workers, readings in near.items()}


def causes(row: Row, source: Row | None) -> list[str]:
    """What may explain that a row beats its limit, which comes from the time of ``source`` if given."""
    measured = [each for each in (source, row) if each]
    found = [*_interference(measured)]
    theirs, own = source and source.conditions.speed, row.conditions.speed
    if theirs and own and own / theirs - 1 >= NOTICEABLE:
        slower = units.percent(own / theirs - 1)
        found.append(f"drift: the machine was {slower} slower during {SEQUENTIAL}")
    times = source.seconds if source and source.passes > 1 else ()
    if times and (row.efficiency or 0.0) * min(times) / statistics.median(times) <= MAX_EFFICIENCY:
        found.append(
            f"drift: {SEQUENTIAL} took between {units.time(min(times))} and {units.time(max(times))}, "
            "depending on the pass"
        )
    if found:
        return found
    if all(each.conditions == Conditions() for each in measured):
        return ["interference was not recorded"]
    return ["no interference detected; within measurement uncertainty"]


def _with_limit(row: Row, sequential: Row | None, capacity: Mapping[int | None, float]) -> Row:
    bounds = list(row.bounds.values())
    cpu_bound = row.capacity_near is not None and not row.reference
    if cpu_bound and sequential:
        in_turn = list(_efficiencies(row, sequential))
        spread_over_cores = sequential.median / capacity[row.workers]
        bounds.append(statistics.median(in_turn) * row.median if in_turn else spread_over_cores)
    limited = replace(row, limit=max(bounds, default=None), limit_check="")
    if (limited.efficiency or 0.0) <= MAX_EFFICIENCY:
        return limited
    return replace(limited, limit_check="; ".join(causes(limited, sequential if cpu_bound else None)))


def _efficiencies(row: Row, sequential: Row) -> Iterator[float]:
    """How close a row came to sequential's time over the capacity, in each pass in which both took
    turns."""
    theirs = {each.number: each.median for each in sequential.by_pass}
    for each in row.by_pass:
        if each.turns and each.capacity and each.number in theirs:
            yield theirs[each.number] / each.capacity / each.median


def _interference(rows: Sequence[Row]) -> Iterator[str]:
    for name, title in (("steal", "steal"), ("others", "other programs")):
        shares = [
            f"{units.percent(share)} during {row.model}"
            for row in rows
            if (share := getattr(row.conditions, name) or 0.0) >= NOTICEABLE
        ]
        if shares:
            yield f"{title} {', '.join(shares)}"
