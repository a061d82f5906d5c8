"""How long each model takes to find primes."""

from __future__ import annotations

from collections.abc import Callable

from concurbench import machine
from impls import primes


def test_primes(row: Callable[..., None], cluster: str | None, case: str, workers: int) -> None:
    batches = primes.CASES[case].batches
    row(
        setup=lambda: primes.Job(batches, cluster),
        check=primes.check,
        work=(batches, primes.is_prime),
        speedup_limit=primes.speedup_limit(workers, machine.usable_cores()),
    )
