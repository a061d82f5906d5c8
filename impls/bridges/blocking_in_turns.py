"""Blocking calls made straight, with a turn of the loop after each.

Execution unit: one coroutine, in the thread of its loop, which each call holds for as long as it
takes. It shares everything. ``asyncio.sleep(0)`` lets all others have a turn before the next call; a
task that sleeps needs three of them, to be due, to be woken and to run, so for it the loop stands
still for three calls. Costs those turns, and no two calls overlap. Choose it for calls so short that
the way to a thread and back is longer.
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
