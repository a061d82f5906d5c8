"""A figure of a row that is no time of its whole round: how long a loop stood still, how much memory.

A workload names what it measures beside the time: the unit, and which way is better. Each round gives
a value; from there on a metric is treated as the time is: a pass counts by its median, and the spread
over passes says what to expect of the next run.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from concurbench.errors import ConcurbenchError
from concurbench.results.statistics import Interval, interval, spread

UNITS = ("s", "B", "1/s", "share", "count")
"""Seconds, bytes, how many a second, a part of 1, a plain number."""

BETTER = ("lower", "higher")


class MetricError(ConcurbenchError):
    """What a workload calls its metrics cannot be; the message says what."""


@dataclass(frozen=True)
class Metric:
    """``values`` are its observations: of a single pass, each round; of several, each pass's median."""

    name: str
    unit: str
    better: str
    values: tuple[float, ...]
    passes: int = 1

    @property
    def title(self) -> str:
        """Its name as people read it."""
        return self.name.replace("_", " ")

    @property
    def median(self) -> float:
        return statistics.median(self.values)

    @property
    def interval(self) -> Interval | None:
        """Where the next run's median is to be expected; None where there are not passes enough."""
        return interval(self.values) if self.passes > 1 else None

    @property
    def spread(self) -> tuple[float, float]:
        """Like that of a row's times."""
        return spread(self.values, self.passes)


def recorded(
    declared: Mapping[str, tuple[str, str]],
    rounds: Sequence[Mapping[str, float]],
    once: Mapping[str, float] | None = None,
) -> dict[str, dict[str, Any]]:
    """What a row keeps: name -> unit, which way is better, and the value of each round, or the only one
    of a metric that is measured ``once`` a visit.

    ``declared`` is name -> unit and which way is better, as the workload says it.

    Raises:
        MetricError: a unit or a direction that there is not, or a round without one of the metrics,
            with others, or with one that is no number.
    """
    kept: dict[str, dict[str, Any]] = {}
    for name, kind in declared.items():
        if kind not in [(unit, better) for unit in UNITS for better in BETTER]:
            raise MetricError(
                f"metric {name}: {kind!r} is not a unit ({', '.join(UNITS)}) and which way is better "
                f"({' or '.join(BETTER)})"
            )
        unit, better = kind
        kept[name] = {"unit": unit, "better": better, "values": []}
    once = once or {}
    for values in (*rounds, once):
        expected = once.keys() if values is once else kept.keys() - once.keys()
        if values.keys() != expected or not expected <= kept.keys():
            raise MetricError(
                f"metrics {sorted({*values, *once})} were measured, {sorted(kept)} are declared"
            )
        for name, value in values.items():
            if not isinstance(value, int | float) or not math.isfinite(value):
                raise MetricError(f"metric {name}: {value!r} is no measure")
            kept[name]["values"].append(value)
    return kept


def merged(visits: Sequence[Mapping[str, Mapping[str, Any]]]) -> dict[str, dict[str, Any]]:
    """Of what was recorded in each pass, the medians."""
    first, *_ = visits
    return {
        name: {**first[name], "values": [statistics.median(visit[name]["values"]) for visit in visits]}
        for name in first
    }


def read(kept: Mapping[str, Mapping[str, Any]], passes: int) -> Iterator[Metric]:
    """The metrics that a row has kept; those without a value are none.

    Raises:
        ValueError, TypeError, LookupError: it has kept something else.
    """
    for name, each in kept.items():
        values = tuple(map(float, each["values"]))
        sound = all(map(math.isfinite, values))
        if each["unit"] not in UNITS or each["better"] not in BETTER or not sound:
            raise ValueError(f"metric {name}: {each['unit']!r}, {each['better']!r}")
        if values:
            yield Metric(name, each["unit"], each["better"], values, passes)
