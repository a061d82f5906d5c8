"""Files written with aiofiles.

Execution unit: threads of the loop's default pool. Coroutines only wait for them. They share
everything. Each file operation is awaited separately. Opening, writing, closing and renaming take four
hops to a thread and back, compared with one in ``asyncio_to_thread``. A semaphore enforces the bound.
Costs those hops, and a package.
Choose it for files that a coroutine reads or writes in pieces, as data arrives.
"""

import asyncio
import os

import aiofiles
import aiofiles.os

from impls.saving import Heart, Job, Served

DEFAULT = False
REQUIRES = ("aiofiles",)


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
        async with aiofiles.open(job.partial(place), "wb") as file:
            size = await file.write(job.contents[place])
            if job.synced:
                await file.flush()
                await asyncio.to_thread(os.fsync, file.fileno())
        await aiofiles.os.replace(job.partial(place), job.path(place))
    return size
