"""Blocking calls made directly, with a turn of the loop after each.

Execution unit: one coroutine, in the thread of its loop. Each call holds that thread for its full
duration. It shares everything. ``asyncio.sleep(0)`` lets all other tasks run before the next call. A
sleeping task needs three turns: to become due, to wake up and to run. So three calls delay it.
Costs those turns, and no two calls overlap.
Choose it for calls that are shorter than the hop to a thread and back.
"""

import asyncio

from impls.bridges import Heart, Job, Served

DEFAULT = False
WORKERS = 1


def run(job: Job, *, workers: int) -> Served:
    return asyncio.run(call_all(job))


async def call_all(job: Job) -> Served:
    results = []
    async with Heart() as heart:
        for number in job.numbers:
            results.append(job.call(number))
            await asyncio.sleep(0)
    return Served(results, heart.beats)
