"""Blocking calls in the threads of the event loop, by run_in_executor.

Execution unit: threads, of the loop's default pool; coroutines only wait for them. They share
everything but context variables: a call sees those of its thread. A semaphore holds the bound, yet the
pool may hold a lower one: it has min(32, cores + 4) threads, whatever is asked. Costs what
``asyncio_to_thread`` costs, which is this and a copy of the context. Choose it where a future is
wanted instead of a coroutine: the call begins at once, not when it is awaited.
"""

import asyncio

from impls.bridges import Heart, Job, Served

DEFAULT = False


def run(job: Job, *, workers: int) -> Served:
    return asyncio.run(call_all(job, workers))


async def call_all(job: Job, workers: int) -> Served:
    bound = asyncio.Semaphore(workers)
    async with Heart() as heart:
        results = await asyncio.gather(*(call(bound, job, number) for number in job.numbers))
    return Served(results, heart.beats)


async def call(bound: asyncio.Semaphore, job: Job, number: int) -> int:
    loop = asyncio.get_running_loop()
    async with bound:
        return await loop.run_in_executor(None, job.call, number)
