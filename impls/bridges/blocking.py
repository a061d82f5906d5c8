"""Coroutines that make blocking calls straight.

Execution unit: coroutines, all in one thread, which each call holds for as long as it takes. They
share everything. None of them awaits, so all that are ready run in one turn of the loop, one after the
other: it stands still not for one call but for all of them. Costs nothing but that. Choose it never
for calls that wait; here it is what the others are compared with.
"""

import asyncio

from impls.bridges import Heart, Job, Served

DEFAULT = ("waiting",)
WORKERS = 1


def run(job: Job, *, workers: int) -> Served:
    return asyncio.run(call_all(job))


async def call_all(job: Job) -> Served:
    async with Heart() as heart:
        results = await asyncio.gather(*(call(job, number) for number in job.numbers))
    return Served(results, heart.beats)


async def call(job: Job, number: int) -> int:
    return job.call(number)
