"""How long each model takes to digest and compress buffers."""

from __future__ import annotations

from concurbench.measure.row import BenchmarkRow
from impls import Resources, digests


def test_digests(row: BenchmarkRow, cluster: str | None) -> None:
    work = (*digests.expected(row.case.buffers), digests.pack)
    row.measure(Resources(cluster=cluster), work=work, yardstick="c_code")
