"""All files written by one call in one thread.

Execution unit: a thread of the loop's default pool. One coroutine waits for it. They share everything.
Costs one hop to a thread and back for all files, which is almost nothing. No two files are written at
the same time.
Choose it if the files are available together. The batch size matters more than the model.
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
