"""How long each model takes to digest and compress buffers."""

from __future__ import annotations

from collections.abc import Callable

from impls import digests


def test_digests(row: Callable[..., None], cluster: str | None, case: str) -> None:
    buffers = digests.CASES[case].buffers
    row(
        setup=lambda case: digests.Job(case.buffers, cluster),
        check=digests.check,
        work=(*digests.expected(buffers), digests.pack),
        yardstick="c_code",
    )
