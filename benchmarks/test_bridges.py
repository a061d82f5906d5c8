"""How long an event loop stands still while a coroutine makes blocking calls, and how many are done."""

from __future__ import annotations

import math
from collections.abc import Callable

from impls import bridges


def test_bridges(row: Callable[..., None], case: str, workers: int) -> None:
    this = bridges.CASES[case]
    waves = math.ceil(this.items / workers)
    row(
        setup=lambda case: bridges.Job(case.call, case.numbers),
        check=bridges.check,
        work=(
            this.numbers,
            this.call,
            bridges.WAIT,
            bridges.PULSE,
            bridges.Heart.beat,
            bridges.stood_still,
        ),
        limit=waves * bridges.WAIT if this.call is bridges.wait else None,
    )
