"""Blocking calls in the threads of the event loop, by to_thread.

Execution unit: threads of the loop's default pool. Coroutines only wait for them. They share
everything, and each call gets the context variables of the coroutine that makes it. A semaphore
enforces the bound. The default pool may impose a lower one: it has min(32, cores + 4) threads, whatever
the bound.
Costs a hop to a thread and back for each call. A CPU-bound call also shares the interpreter lock with
the loop.
Choose it for occasional calls that wait.
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
