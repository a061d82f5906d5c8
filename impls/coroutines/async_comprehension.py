"""An asynchronous generator, consumed by a comprehension.

Execution unit: a generator whose steps may wait; the comprehension asks for one after the other. Shares
everything. Costs what ``async for`` does, without looking up ``append``. Choose it over the loop where
all that is wanted is the list.
"""

from collections.abc import AsyncGenerator, Iterable
from contextlib import aclosing

from impls.coroutines import Job

DEFAULT = False
WORKERS = 1


async def run(job: Job, *, workers: int) -> list[int]:
    async with aclosing(successors(job.numbers)) as stream:
        return [answer async for answer in stream]


async def successors(numbers: Iterable[int]) -> AsyncGenerator[int]:
    for number in numbers:
        yield number + 1
