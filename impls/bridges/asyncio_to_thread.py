"""Blocking calls in the threads of the event loop, by to_thread.

Execution unit: threads, of the loop's default pool; coroutines only wait for them. They share
everything, and each call sees the context variables of the coroutine that makes it. A semaphore holds
the bound, yet the pool may hold a lower one: it has min(32, cores + 4) threads, whatever is asked.
Costs a trip to a thread and back for each call, and where it computes, the interpreter lock is shared
with the loop. Choose it for the odd call that waits.
"""

import asyncio

from impls.bridges import Heart, Job, Served

DEFAULT = ("waiting",)


def run(job: Job, *, workers: int) -> Served:
    return asyncio.run(call_all(job, workers))


async def call_all(job: Job, workers: int) -> Served:
    bound = asyncio.Semaphore(workers)
    async with Heart() as heart:
        results = await asyncio.gather(*(call(bound, job, number) for number in job.numbers))
    return Served(results, heart.beats)


async def call(bound: asyncio.Semaphore, job: Job, number: int) -> int:
    async with bound:
        return await asyncio.to_thread(job.call, number)
