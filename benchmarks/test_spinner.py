"""How long each model lets its spinner stand still while something slow runs."""

from __future__ import annotations

from collections.abc import Callable

from impls import spinner


def test_spinner(row: Callable[..., None], case: str) -> None:
    job = spinner.CASES[case].job
    row(
        setup=lambda case: case.job,
        check=spinner.check,
        work=(job, spinner.slow, spinner.slow_async),
        limit=job.nap or None,  # what computes has none: nobody computes it without a spinner
    )
