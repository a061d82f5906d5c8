"""How late each model lets a waiting thread run while something computes."""

from __future__ import annotations

from collections.abc import Callable

from impls import switching


def test_switching(row: Callable[..., None], case: str) -> None:
    job = switching.Job(switching.CASES[case].interval)
    row(
        setup=lambda case: switching.Job(case.interval),
        check=switching.check,
        work=(
            job, switching.wait, switching.compute,
            switching.python_code, switching.c_code, switching.c_code_holding,
        ),
        limit=job.naps * job.nap,
    )  # fmt: skip
