"""A coroutine that does nothing, timed by the fixture ``aio_benchmark``, for the agreement study."""

from __future__ import annotations

from concurbench.aio import AioBenchmark


async def nothing() -> None: ...


async def test_empty(aio_benchmark: AioBenchmark) -> None:
    await aio_benchmark(nothing)
