"""How long each model takes to digest and compress buffers."""

from __future__ import annotations

from collections.abc import Callable

from concurbench import machine
from impls import digests


def test_digests(row: Callable[..., None], cluster: str | None, case: str, workers: int) -> None:
    buffers = digests.CASES[case].buffers
    row(
        setup=lambda: digests.Job(buffers, cluster),
        check=digests.check,
        work=(*digests.expected(buffers), digests.pack),
        speedup_limit=digests.speedup_limit(workers, machine.usable_cores()),
    )
