"""A class with ``__aiter__`` and ``__anext__``, consumed by a comprehension.

Execution unit: none of its own. Each step calls a native coroutine, the method ``__anext__``. The
object keeps its state in attributes.
Costs a coroutine and a frame for each step, and an exception at the end.
Choose it if the stream needs its own methods. Otherwise an asynchronous generator does the same in
fewer lines.
"""

from __future__ import annotations

from collections.abc import Iterable

from impls.coroutines import Job

DEFAULT = False
WORKERS = 1


async def run(job: Job, *, workers: int) -> list[int]:
    return [answer async for answer in Successors(job.numbers)]


class Successors:
    def __init__(self, numbers: Iterable[int]) -> None:
        self._numbers = iter(numbers)

    def __aiter__(self) -> Successors:
        return self

    async def __anext__(self) -> int:
        for number in self._numbers:
            return number + 1
        raise StopAsyncIteration
