"""Coroutines that make blocking calls directly.

Execution unit: coroutines, all in one thread. Each call holds that thread for its full duration. They
share everything. None of them awaits, so all ready coroutines run in one turn of the loop, one after
the other. The loop is blocked for all the calls together, not for one.
Costs nothing else.
Choose it never for calls that wait. The other models are compared with it.
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
