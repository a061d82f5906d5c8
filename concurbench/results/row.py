"""A row of a run: what its entry in the file holds (``RowInfo``), and the typed record read from it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypedDict


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
    """Hash of the model's file."""
    fingerprint: str
    """Hash of the inputs, the question and the check: rows with different ones are not compared."""
    yardstick: str | None
    """The yardstick most like the row's work, if it is CPU-bound."""
    bounds: dict[str, float]
    """Name -> a lower bound of the time in seconds, such as ``waiting`` or ``server``. The limit is
    the largest."""
    capacity_near: float
    """How many times the work of one core the row's workers did together, measured around the row."""
    gil_enabled: bool
    metrics: dict[str, MetricInfo]
    around: Mapping[str, float | None]
    """Who used the CPU meanwhile: ``steal``, ``others`` (shares of all cores), ``speed``."""
    delay: float
    """Seconds that the server waits before each response."""
    server_capacity: float | None
    """Responses per second that the server can give."""
    server_saw: Mapping[str, Any]
    """What the server counted: ``served``, ``peak``, ``cpu_seconds``."""
    memory_is: str
    """Which measure of memory the metric is."""
    passes: list[PassInfo]
    """What differed from pass to pass; only in a run of several passes."""


class PassInfo(RowInfo, total=False):
    """One pass of a row: its rounds, and every value of ``RowInfo`` that is not the same in all."""

    number: int
    seconds: list[float]


class WorkloadInfo(TypedDict, total=False):
    """What the run's ``workloads`` say of one workload, under its name."""

    question: str
    criterion: str
    """What decides between the models: ``time`` or the name of a metric."""
    explanations: dict[str, str]
    """Name of a bound or metric -> what it means."""
