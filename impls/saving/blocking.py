"""Coroutines that write files directly.

Execution unit: coroutines, all in one thread. Each write holds that thread until the system has
accepted the bytes. They share everything. None of them awaits, so all ready coroutines run in one turn
of the loop, one after the other. The loop is blocked for all files together.
Costs nothing else.
Choose it for an occasional small file, between two operations that a coroutine awaits anyway.
"""

import asyncio

from impls.saving import Heart, Job, Served, save

DEFAULT = ("small",)
WORKERS = 1


def run(job: Job, *, workers: int) -> Served:
    return asyncio.run(save_all(job))


async def save_all(job: Job) -> Served:
    async with Heart() as heart:
        sizes = await asyncio.gather(*(save_one(job, place) for place in range(len(job.contents))))
    return Served(sizes, heart.beats)


async def save_one(job: Job, place: int) -> int:
    return save(job, place)
