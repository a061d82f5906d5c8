"""How long each model takes to find primes."""

from __future__ import annotations

from concurbench.measure.row import BenchmarkRow
from impls import Resources, primes


def test_primes(row: BenchmarkRow, cluster: str | None) -> None:
    work = (row.case.batches, primes.is_prime)
    row.measure(Resources(cluster=cluster), work=work, yardstick="python_loop")
