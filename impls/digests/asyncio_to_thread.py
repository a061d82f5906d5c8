"""Threads, awaited from an event loop.

Execution unit: threads, the event loop's own; coroutines only wait for them. They share everything.
Where ``asyncio_gather`` holds the loop until a buffer is done, this one leaves the work to threads, and
because the work releases the interpreter lock, they use every core and the loop turns meanwhile. Costs
an event loop and a thread for each worker. The loop's own threads are min(32, cores + 4) by default: a
semaphore alone could not raise that number. Choose it in an asynchronous program, for libraries that
block or compute in C.
"""

import asyncio
from concurrent.futures import ThreadPoolExecutor

from impls.digests import Job, Packed, pack


def run(job: Job, *, workers: int) -> list[Packed]:
    return asyncio.run(pack_all(job, workers))


async def pack_all(job: Job, workers: int) -> list[Packed]:
    # This many threads are the bound; asyncio.run ends them.
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(workers))
    return await asyncio.gather(*(asyncio.to_thread(pack, buffer) for buffer in job.buffers))
