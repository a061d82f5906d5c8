"""Coroutines on one event loop, run by gather.

Execution unit: coroutines, all in one thread. A coroutine yields only at an ``await``. The compression
of a buffer releases the interpreter lock, but no other thread can use it. So this is sequential code
inside an event loop.
Costs an event loop and a task for each buffer.
Choose it for I/O-bound work. For work like this, see ``asyncio_to_thread``.
"""

import asyncio

from impls.digests import Job, Packed, pack

DEFAULT = ("buffers_150k", "buffers_500k")


def run(job: Job, *, workers: int) -> list[Packed]:
    return asyncio.run(pack_all(job, workers))


async def pack_all(job: Job, workers: int) -> list[Packed]:
    bound = asyncio.Semaphore(workers)
    return await asyncio.gather(*(pack_one(bound, buffer) for buffer in job.buffers))


async def pack_one(bound: asyncio.Semaphore, buffer: bytes) -> Packed:
    async with bound:
        return pack(buffer)
