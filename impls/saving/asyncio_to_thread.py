"""Files written by the threads of the event loop, by to_thread.

Execution unit: threads, of the loop's default pool; coroutines only wait for them. They share
everything. A semaphore holds the bound. Costs a trip to a thread and back for each file: where the
system takes a small one at once, more than the write. Choose it for large files, and where each must
be on the disk.
"""

import asyncio

from impls.saving import Heart, Job, Served, save

DEFAULT = ("small",)


def run(job: Job, *, workers: int) -> Served:
    return asyncio.run(save_all(job, workers))


async def save_all(job: Job, workers: int) -> Served:
    bound = asyncio.Semaphore(workers)
    places = range(len(job.contents))
    async with Heart() as heart:
        sizes = await asyncio.gather(*(save_one(bound, job, place) for place in places))
    return Served(sizes, heart.beats)


async def save_one(bound: asyncio.Semaphore, job: Job, place: int) -> int:
    async with bound:
        return await asyncio.to_thread(save, job, place)
