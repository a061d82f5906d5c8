"""What a call costs, as a coroutine of each kind, inside the running loop."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from impls import coroutines


async def test_coroutines(aio_row: Callable[..., Awaitable[None]], case: str) -> None:
    await aio_row(
        setup=lambda case: coroutines.Job(range(case.items)),
        check=coroutines.check,
        work=(coroutines.CASES[case].items,),
    )
