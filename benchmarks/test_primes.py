"""How long each model takes to find primes."""

from __future__ import annotations

from collections.abc import Callable

from impls import primes


def test_primes(row: Callable[..., None], cluster: str | None, case: str) -> None:
    batches = primes.CASES[case].batches
    row(
        setup=lambda case: primes.Job(case.batches, cluster),
        check=primes.check,
        work=(batches, primes.is_prime),
        yardstick="python_loop",
    )
