"""All files written by one call in one thread.

Execution unit: a thread of the loop's default pool; one coroutine waits for it. They share everything.
Costs one trip to a thread and back for all files, so next to nothing; no two files are written at the
same time. Choose it where the files are there together: the portion decides more than the model.
"""

import asyncio

from impls.saving import Heart, Job, Served, save

DEFAULT = False
WORKERS = 1


def run(job: Job, *, workers: int) -> Served:
    return asyncio.run(save_in_thread(job))


async def save_in_thread(job: Job) -> Served:
    async with Heart() as heart:
        sizes = await asyncio.to_thread(save_all, job)
    return Served(sizes, heart.beats)


def save_all(job: Job) -> list[int]:
    return [save(job, place) for place in range(len(job.contents))]
