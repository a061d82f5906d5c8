"""Files written by the threads of the event loop, by run_in_executor.

Execution unit: threads of the loop's default pool. Coroutines only wait for them. They share everything
except context variables. A semaphore enforces the bound.
Costs the same as ``asyncio_to_thread``, which also copies the context.
Choose it if you need a future instead of a coroutine. The write starts at once, not when it is awaited.
"""

import asyncio

from impls.saving import Heart, Job, Served, save

DEFAULT = False


def run(job: Job, *, workers: int) -> Served:
    return asyncio.run(save_all(job, workers))


async def save_all(job: Job, workers: int) -> Served:
    bound = asyncio.Semaphore(workers)
    places = range(len(job.contents))
    async with Heart() as heart:
        sizes = await asyncio.gather(*(save_one(bound, job, place) for place in places))
    return Served(sizes, heart.beats)


async def save_one(bound: asyncio.Semaphore, job: Job, place: int) -> int:
    loop = asyncio.get_running_loop()
    async with bound:
        return await loop.run_in_executor(None, save, job, place)
