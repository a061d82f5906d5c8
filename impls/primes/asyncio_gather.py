"""Coroutines on one event loop, run by gather.

Execution unit: coroutines, all in one thread. A coroutine yields only at an ``await``. CPU-bound work
awaits nothing, so each batch holds the loop until it is done. This is sequential code inside an event
loop.
Costs an event loop and a task for each batch.
Choose it for I/O-bound work.
"""

import asyncio
from collections.abc import Sequence

from impls.primes import Job, primes_in

DEFAULT = ("below_50k", "medium")
GATE = ("below_50k",)


def run(job: Job, *, workers: int) -> list[list[int]]:
    return asyncio.run(find_all(job, workers))


async def find_all(job: Job, workers: int) -> list[list[int]]:
    bound = asyncio.Semaphore(workers)
    return await asyncio.gather(*(find(bound, batch) for batch in job.batches))


async def find(bound: asyncio.Semaphore, batch: Sequence[int]) -> list[int]:
    async with bound:
        return primes_in(batch)
