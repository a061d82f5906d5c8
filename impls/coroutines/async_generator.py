"""An asynchronous generator, consumed by ``async for``.

Execution unit: a generator whose steps may wait. It is suspended at its ``yield`` between two steps,
and keeps its local variables.
Costs an awaitable object for each step, but no frame.
Choose it for a stream whose items must be awaited.
"""

from collections.abc import AsyncGenerator, Iterable
from contextlib import aclosing

from impls.coroutines import Job

DEFAULT = False
WORKERS = 1


async def run(job: Job, *, workers: int) -> list[int]:
    answers = []
    async with aclosing(successors(job.numbers)) as stream:
        async for answer in stream:
            answers.append(answer)  # noqa: PERF401 - see async_comprehension
    return answers


async def successors(numbers: Iterable[int]) -> AsyncGenerator[int]:
    for number in numbers:
        yield number + 1
