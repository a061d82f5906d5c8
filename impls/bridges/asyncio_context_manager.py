"""An asynchronous context manager that blocks before and after its body.

Execution unit: threads of the loop's default pool. Coroutines only wait for them. They share
everything. The code before the ``yield`` of the generator fetches, and the code after it updates.
Together the two blocking calls are one visit, and the second waits for the first. A semaphore enforces
the bound. The default pool may impose a lower one: it has min(32, cores + 4) threads, whatever the
bound.
Costs two hops to a thread for each visit, and an asynchronous generator.
Choose it for work that needs matching steps before and after.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from impls.bridges import Heart, Job, Served

DEFAULT = False


def run(job: Job, *, workers: int) -> Served:
    return asyncio.run(visit_all(job, workers))


async def visit_all(job: Job, workers: int) -> Served:
    bound = asyncio.Semaphore(workers)
    pairs = zip(job.numbers[::2], job.numbers[1::2], strict=True)
    async with Heart() as heart:
        visits = await asyncio.gather(*(visit(bound, job, *pair) for pair in pairs))
    return Served([result for visited in visits for result in visited], heart.beats)


async def visit(bound: asyncio.Semaphore, job: Job, first: int, second: int) -> list[int]:
    async with bound, page(job, first, second) as results:
        pass  # a real program uses the fetched result here
    return results


@asynccontextmanager
async def page(job: Job, first: int, second: int) -> AsyncIterator[list[int]]:
    loop = asyncio.get_running_loop()
    results = [await loop.run_in_executor(None, job.call, first)]
    yield results
    results.append(await loop.run_in_executor(None, job.call, second))
