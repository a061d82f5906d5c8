"""How long each kind of semaphore takes to be acquired and released."""

from __future__ import annotations

from collections.abc import Callable

from impls import throttle


def test_throttle(row: Callable[..., None], case: str, workers: int) -> None:
    row(
        setup=lambda case: throttle.Job(case.units, case.pairs, workers, case.moment),
        check=throttle.check,
        work=(throttle.CASES[case], throttle.Flight.__enter__, throttle.Flight.__exit__),
    )
