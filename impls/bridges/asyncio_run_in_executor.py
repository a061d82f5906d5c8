"""Blocking calls in the threads of the event loop, by run_in_executor.

Execution unit: threads of the loop's default pool. Coroutines only wait for them. They share everything
except context variables: a call gets those of its thread. A semaphore enforces the bound. The default
pool may impose a lower one: it has min(32, cores + 4) threads, whatever the bound.
Costs the same as ``asyncio_to_thread``, which also copies the context.
Choose it if you need a future instead of a coroutine. The call starts at once, not when it is awaited.
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
