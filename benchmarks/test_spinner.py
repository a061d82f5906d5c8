"""How long each model lets its spinner stand still while something slow runs."""

from __future__ import annotations

from concurbench.measure.row import BenchmarkRow
from impls import Resources, spinner


def test_spinner(row: BenchmarkRow) -> None:
    job = row.case.job
    # CPU-bound cases have no limit: the slow part is never measured without a spinner.
    row.measure(Resources(), waiting=job.nap or None, work=(job, spinner.slow, spinner.slow_async))
