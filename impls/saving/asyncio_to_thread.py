"""Files written by the threads of the event loop, by to_thread.

Execution unit: threads of the loop's default pool. Coroutines only wait for them. They share
everything. A semaphore enforces the bound.
Costs a hop to a thread and back for each file. If the system accepts a small file at once, the hop
takes longer than the write.
Choose it for large files, and for files that must each be on the disk.
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
