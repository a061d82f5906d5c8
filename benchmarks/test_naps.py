"""How long each model takes for tasks that only wait, and when their results are there."""

from __future__ import annotations

from collections.abc import Callable

from impls import naps


def test_naps(row: Callable[..., None], case: str, workers: int) -> None:
    tasks = naps.CASES[case].tasks

    def setup(case: naps.Case) -> naps.Job:
        return naps.Job(case.tasks, naps.limit(case.tasks, workers))

    row(
        setup=setup,
        check=naps.check,
        work=(tasks, naps.nap),
        limit=naps.limit(tasks, workers),
    )
