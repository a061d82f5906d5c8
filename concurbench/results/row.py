"""A row of a run: what its entry in the file holds (``RowInfo``), and the typed record read from it.

Times are in seconds. Nothing here depends on other rows: see ``limits`` for what does.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypedDict

from concurbench import units
from concurbench.results.statistics import Interval, interval, known_median, medians, spread

SEQUENTIAL = "sequential"
"""The model that the other models of its group are compared with."""

METRIC_UNITS = ("s", "B", "1/s", "share", "count")
"""Units of metrics: seconds, bytes, rate per second, part of 1, plain number."""

BETTER = ("lower", "higher")

SAME = ("server", "workers", "workload", "case", "items", "fingerprint", "start_method", "yardstick")
"""The values of ``RowInfo`` that a ``Row`` has under the same name."""

DISTURBED = 0.10
"""The share of all cores' time above which the hypervisor or other programs disturb a row."""


class MetricInfo(TypedDict):
    """A metric of a row, as the file holds it."""

    unit: str
    better: str
    values: list[float]


class RowInfo(TypedDict, total=False):
    """The ``extra_info`` of a row: only what was measured or set. Everything that follows from it
    (limit, efficiency, capacity, limit check, disturbance) is computed when the run is read.

    Suites may add keys of their own.
    """

    workload: str
    model: str
    case: str
    workers: int
    server: str | None
    items: int
    start_method: str | None
    """How the model's processes start; None if it starts none."""
    source: str
    """Hash of the model's file; if it changes between passes, the row fails."""
    reference: bool
    """Whether the row is shown and never chosen."""
    fingerprint: str
    """Hash of the inputs, the question and the check: rows with different ones are not compared."""
    yardstick: str | None
    """The yardstick most like the row's work, if it is CPU-bound."""
    bounds: dict[str, float]
    """Name -> a lower bound of the time in seconds, such as ``waiting`` or ``server``. The limit is
    the largest."""
    capacity_near: float
    """How many times the work of one core the row's workers did together, measured around the row."""
    gil_enabled: bool  # when the row ended
    metrics: dict[str, MetricInfo]
    around: Mapping[str, float | None]
    """Who used the CPU meanwhile: ``steal``, ``others`` (shares of all cores), ``speed``."""
    delay: float
    """Seconds that the server waits before each response."""
    connect_delay: float
    """Seconds by which the first response on a new connection comes later, if any."""
    server_capacity: float | None
    """Responses per second that the server can give."""
    server_saw: Mapping[str, Any]
    """What the server counted: ``served`` and ``peak`` of all rounds, ``cpu_seconds`` and
    ``connections`` of each, as far as it counts them."""
    memory_is: str
    """Which measure of memory metrics and costs are in: ``pss``, or ``uss`` outside Linux."""
    cost: dict[str, MetricInfo]  # what a round costs, by the fields of ``Cost``
    cost_unknown: dict[str, str]  # why it is unknown
    turns: list[int]
    """How many rounds the row had in each of its turns with the other rows of its group."""
    without: dict[str, list[float]]
    """Part of the work -> seconds of the round without it, in each turn."""
    passes: list[PassInfo]
    """What differed from pass to pass; only in a run of several passes."""


class PassInfo(RowInfo, total=False):
    """One pass of a row: its rounds, and every value of ``RowInfo`` that is not the same in all."""

    number: int
    seconds: list[float]


@dataclass(frozen=True)
class Conditions:
    """Interference and the machine's speed; None where the system does not report it.

    Interference is in shares of all cores' time.
    """

    steal: float | None = None
    """Taken by the hypervisor."""
    others: float | None = None
    """Used by programs that are not part of the session."""
    speed: float | None = None
    """The machine's speed compared with the session's median, which is 1."""

    @property
    def lost(self) -> float:
        """The share of all cores' time that the session did not get."""
        return (self.steal or 0.0) + (self.others or 0.0)

    @property
    def disturbance(self) -> str:
        """Who took more than ``DISTURBED``; empty if none did."""
        shares = {"steal": self.steal or 0.0, "other programs": self.others or 0.0}
        return ", ".join(
            f"{who} {units.percent(share)}" for who, share in shares.items() if share > DISTURBED
        )


@dataclass(frozen=True)
class Pass:
    """One pass of a row: the seconds of its rounds, and the conditions meanwhile."""

    number: int
    seconds: tuple[float, ...]
    conditions: Conditions = Conditions()
    turns: tuple[int, ...] = ()
    """How many rounds the row had in each turn; empty if it took no turns with other rows."""
    capacity: float | None = None  # of the cores, as in ``RowInfo.capacity_near``
    metrics: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    """Name -> values of metrics and costs: one a round, or a single one."""
    without: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    """Part of the work -> seconds of the round without it, in each turn."""

    @property
    def median(self) -> float:
        return statistics.median(self.seconds)


@dataclass(frozen=True)
class Metric:
    """A figure of a row other than its time, such as the longest pause of an event loop.

    ``values`` are its observations: each round of a single pass, or the medians of several.
    """

    name: str
    unit: str
    better: str
    values: tuple[float, ...]
    passes: int = 1

    @property
    def median(self) -> float:
        return statistics.median(self.values)

    @property
    def spread(self) -> tuple[float, float]:
        """Computed as that of a row's times."""
        return spread(self.values, self.passes)


@dataclass(frozen=True)
class Cost:
    """What a round of a row costs, over the client's whole process tree; None where it is unknown, for
    the reason that ``unknown`` has. Memory and descriptors are those above the idle client."""

    cpu_seconds: Metric | None = None  # user and system together
    cpu_user: Metric | None = None
    cpu_system: Metric | None = None
    peak_memory: Metric | None = None
    voluntary_switches: Metric | None = None
    involuntary_switches: Metric | None = None
    peak_threads: Metric | None = None
    peak_processes: Metric | None = None
    peak_descriptors: Metric | None = None
    unknown: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Row:
    """One benchmark of a run; values that have the same name in ``RowInfo`` are explained there.

    ``seconds`` are its observations: each round of a single pass, or the median of each of several
    passes, because rounds of one process are not independent.
    """

    id: str
    group: str
    model: str
    seconds: tuple[float, ...]
    server: str | None = None
    workers: int | None = None
    workload: str | None = None
    case: str | None = None
    items: int | None = None
    reference: bool = False
    fingerprint: str | None = None
    start_method: str | None = None
    yardstick: str | None = None
    bounds: Mapping[str, float] = field(default_factory=dict)
    capacity_near: float | None = None
    metrics: tuple[Metric, ...] = ()
    cost: Cost | None = None
    by_pass: tuple[Pass, ...] = ()
    limit: float | None = None
    """The shortest possible time, computed from the whole run by ``limits.with_limits``."""
    limit_check: str = ""
    """Why the row seems to beat its limit; empty if it does not. Computed with the limit."""

    @classmethod
    def read(cls, benchmark: Mapping[str, Any]) -> Row:
        """The row that an entry of ``benchmarks`` in pytest-benchmark's JSON holds, without a limit.

        Raises:
            ValueError, TypeError, LookupError: it holds something else; the message says what.
        """
        info, stats = benchmark["extra_info"], benchmark["stats"]
        # pytest-benchmark's own tables need them: without, no later run could be compared with it.
        needed = [stats[name] for name in ("min", "max", "mean", "median", "iqr", "stddev")]
        rounds = tuple(stats.get("data") or [stats["median"]])
        several = bool(info.get("passes"))
        differing = info["passes"] if several else [{"number": 1, "seconds": rounds}]
        passes: Sequence[Any] = [{**info, **each} for each in differing]
        by_pass = tuple(map(_pass, passes))
        times = [*rounds, *needed, *(time for each in by_pass for time in each.seconds)]
        measured = [*rounds, *(time for each in by_pass for time in each.seconds)]
        if not all(isinstance(time, int | float) for time in times) or min(measured) <= 0:
            raise ValueError(f"{benchmark['fullname']}: expected times above 0 s")
        return cls(
            id=benchmark["fullname"],
            group=benchmark["group"] or "",
            model=info.get("model") or benchmark["name"],
            seconds=tuple(each.median for each in by_pass) if several else rounds,
            **{name: info.get(name) for name in SAME},
            reference=bool(info.get("reference")),
            bounds=medians([_bounds(each) for each in passes]),
            capacity_near=known_median([each.get("capacity_near") for each in passes]),
            metrics=tuple(_metrics([*map(_figures, passes)], several=several)),
            cost=_cost(passes, several=several) if any("cost" in each for each in passes) else None,
            by_pass=by_pass,
        )

    @property
    def passes(self) -> int:
        return len(self.by_pass) or 1

    @property
    def median(self) -> float:
        return statistics.median(self.seconds)

    @property
    def interval(self) -> Interval | None:
        """The prediction interval of the next run's median; None with too few passes."""
        return interval(self.seconds) if self.passes > 1 else None

    @property
    def spread(self) -> tuple[float, float]:
        """The prediction interval, or the quartiles of a single pass's rounds; the range if there are
        too few of either."""
        return spread(self.seconds, self.passes)

    @property
    def efficiency(self) -> float | None:
        """limit / median; None without a limit."""
        return self.limit / self.median if self.limit else None

    @property
    def conditions(self) -> Conditions:
        """The median over the passes of each share and of the speed."""
        each = [vars(one.conditions) for one in self.by_pass]
        names = vars(Conditions())
        return Conditions(**{name: known_median([one[name] for one in each]) for name in names})

    @property
    def lost(self) -> float:
        """The largest share of all cores' time that the session did not get in any pass."""
        return max((each.conditions.lost for each in self.by_pass), default=0.0)

    @property
    def disturbed(self) -> str:
        """The worst disturbance, and in how many passes there was one; empty without any."""
        found = [each.conditions for each in self.by_pass if each.conditions.disturbance]
        if not found:
            return ""
        worst = max(found, key=lambda each: each.lost).disturbance
        return worst if self.passes == 1 else f"{worst} ({len(found)} of {self.passes} passes)"

    def metric(self, name: str) -> Metric | None:
        cost: Metric | None = getattr(self.cost, name, None)
        return next((each for each in self.metrics if each.name == name), cost)


def _bounds(info: RowInfo) -> Mapping[str, float]:
    bounds: Mapping[str, float] = info.get("bounds") or {}
    # Files of format 1 hold one limit; that of a CPU-bound row was computed from its capacity.
    limit: Any = info.get("limit")
    return {**bounds, "limit": limit} if limit is not None and "capacity_near" not in info else bounds


def _figures(info: RowInfo) -> dict[str, MetricInfo]:
    """The metrics of one pass: those of the workload, and the connections that the server counted."""
    opened = (info.get("server_saw") or {}).get("connections") or []
    counted: MetricInfo = {"unit": "count", "better": "lower", "values": opened}
    return {**(info.get("metrics") or {}), **({"connections": counted} if opened else {})}


def _pass(info: Any) -> Pass:
    measured = _figures(info) | info.get("cost", {})
    return Pass(
        info["number"], tuple(info["seconds"]), Conditions(**(info.get("around") or {})),
        tuple(info.get("turns") or ()), info.get("capacity_near"),
        {name: tuple(one["values"]) for name, one in measured.items()},
        {part: tuple(seconds) for part, seconds in (info.get("without") or {}).items()},
    )  # fmt: skip


def _metrics(passes: Sequence[Mapping[str, MetricInfo]], *, several: bool) -> Iterator[Metric]:
    # Of several passes, the medians are observed.
    for name in dict.fromkeys(name for each in passes for name in each):
        kept = [each[name] for each in passes if name in each]
        values = [[float(value) for value in each["values"]] for each in kept]
        unit, better = kept[0]["unit"], kept[0]["better"]
        sound = all(math.isfinite(value) for each in values for value in each)
        if unit not in METRIC_UNITS or better not in BETTER or not sound:
            raise ValueError(f"metric {name}: expected finite numbers in a known unit, got {kept[0]}")
        observed = [statistics.median(each) for each in values if each] if several else values[0]
        if observed:
            yield Metric(name, unit, better, tuple(observed), len(passes))


def _cost(passes: Sequence[RowInfo], *, several: bool) -> Cost:
    known = _metrics([each.get("cost") or {} for each in passes], several=several)
    costs: dict[str, Any] = {each.name: each for each in known}
    reasons = [(name, why) for each in passes for name, why in (each.get("cost_unknown") or {}).items()]
    return Cost(**costs, unknown={name: why for name, why in reversed(reasons) if name not in costs})
