"""Threads, awaited from an event loop.

Execution unit: threads of the event loop's default pool. Coroutines only wait for them. They share
everything. ``asyncio_gather`` holds the loop until a buffer is done. This model leaves the work to
threads. The work releases the interpreter lock, so the threads use every core while the loop keeps
running. The default pool has min(32, cores + 4) threads unless it is replaced. A larger semaphore does
not raise this limit.
Costs an event loop and a thread for each worker.
Choose it in an asynchronous program, for libraries that block or compute in C.
"""

import asyncio
from concurrent.futures import ThreadPoolExecutor

from impls.digests import Job, Packed, pack

DEFAULT = ("buffers_500k",)


def run(job: Job, *, workers: int) -> list[Packed]:
    return asyncio.run(pack_all(job, workers))


async def pack_all(job: Job, workers: int) -> list[Packed]:
    # The size of the pool is the bound. asyncio.run shuts the pool down.
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(workers))
    return await asyncio.gather(*(asyncio.to_thread(pack, buffer) for buffer in job.buffers))
