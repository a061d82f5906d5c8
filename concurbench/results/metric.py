"""Metrics: figures of a row other than its time, such as the longest pause of an event loop.

A workload declares each with a unit and which way is better. Each round gives a value. A metric is then
treated as the time is: a pass counts by its median.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypedDict

from concurbench.errors import ConcurbenchError
from concurbench.results.statistics import Interval, interval, spread

UNITS = ("s", "B", "1/s", "share", "count")
"""Units of metrics: seconds, bytes, rate per second, part of 1, plain number."""

BETTER = ("lower", "higher")


class MetricInfo(TypedDict):
    """A metric of a row, as the file holds it."""

    unit: str
    better: str
    values: list[float]


@dataclass(frozen=True)
class Metric:
    """``values`` are its observations: each round of a single pass, or the medians of several."""

    name: str
    unit: str
    better: str
    values: tuple[float, ...]
    passes: int = 1

    @property
    def title(self) -> str:
        """The name with spaces."""
        return self.name.replace("_", " ")

    @property
    def median(self) -> float:
        return statistics.median(self.values)

    @property
    def interval(self) -> Interval | None:
        """The prediction interval of the next run's median; None with too few passes."""
        return interval(self.values) if self.passes > 1 else None

    @property
    def spread(self) -> tuple[float, float]:
        """Computed as that of a row's times."""
        return spread(self.values, self.passes)


def recorded(
    declared: Mapping[str, tuple[str, str]],
    rounds: Sequence[Mapping[str, float]],
    once: Mapping[str, float] | None = None,
) -> dict[str, MetricInfo]:
    """The metrics of a row as the file holds them.

    ``declared`` maps each name to its unit and to which way is better, ``rounds`` holds the values of
    each round, and ``once`` those measured a single time in a pass.

    Raises:
        ConcurbenchError: a unit or direction is unknown, a metric is missing or was not declared, or a
            value is not a finite number.
    """
    kept: dict[str, MetricInfo] = {}
    for name, kind in declared.items():
        if kind not in [(unit, better) for unit in UNITS for better in BETTER]:
            raise ConcurbenchError(
                f"metric {name}: expected a unit ({', '.join(UNITS)}) and a direction "
                f"({' or '.join(BETTER)}), got {kind!r}"
            )
        unit, better = kind
        kept[name] = {"unit": unit, "better": better, "values": []}
    once = once or {}
    for values in (*rounds, once):
        expected = once.keys() if values is once else kept.keys() - once.keys()
        if values.keys() != expected or not expected <= kept.keys():
            raise ConcurbenchError(
                f"measured metrics {sorted({*values, *once})}, but METRICS declares {sorted(kept)}"
            )
        for name, value in values.items():
            if not isinstance(value, int | float) or not math.isfinite(value):
                raise ConcurbenchError(f"metric {name}: expected a finite number, got {value!r}")
            kept[name]["values"].append(value)
    return kept


def read(passes: Sequence[Mapping[str, MetricInfo]], *, medians: bool) -> Iterator[Metric]:
    """The metrics that a row's passes hold; those without a value are left out.

    ``medians`` says to observe the median of each pass, not the rounds of the only one.

    Raises:
        ValueError, TypeError, LookupError: they hold something else.
    """
    for name in dict.fromkeys(name for each in passes for name in each):
        kept = [each[name] for each in passes if name in each]
        values = [[float(value) for value in each["values"]] for each in kept]
        unit, better = kept[0]["unit"], kept[0]["better"]
        sound = all(math.isfinite(value) for each in values for value in each)
        if unit not in UNITS or better not in BETTER or not sound:
            raise ValueError(f"metric {name}: expected finite numbers in a known unit, got {kept[0]}")
        observed = [statistics.median(each) for each in values if each] if medians else values[0]
        if observed:
            yield Metric(name, unit, better, tuple(observed), len(passes))
