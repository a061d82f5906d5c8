"""Coroutines on one event loop, gathered.

Execution unit: coroutines, all in one thread, that give way only where they await. The GIL is released
while a buffer is compressed, but there is no other thread to take it. So this is sequential with an
event loop around it. Costs an event loop and a task for each buffer. Choose it for I/O-bound work; for
work like this, see ``asyncio_to_thread``.
"""

import asyncio

from impls.digests import Job, Packed, pack


def run(job: Job, *, workers: int) -> list[Packed]:
    return asyncio.run(pack_all(job, workers))


async def pack_all(job: Job, workers: int) -> list[Packed]:
    bound = asyncio.Semaphore(workers)
    return await asyncio.gather(*(pack_one(bound, buffer) for buffer in job.buffers))


async def pack_one(bound: asyncio.Semaphore, buffer: bytes) -> Packed:
    async with bound:
        return pack(buffer)
