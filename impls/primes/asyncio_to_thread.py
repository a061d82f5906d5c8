"""Threads, awaited from an event loop.

Execution unit: threads, the event loop's own; coroutines only wait for them. They share everything, the
interpreter lock included: work in pure Python gets no faster than in one thread. Costs an event loop, a
thread for each worker, and their turns at the lock; what it buys is an event loop that still turns
meanwhile. The loop's own threads are min(32, cores + 4) by default: a semaphore alone could not raise
that number. Choose it in an asynchronous program, for a library that blocks.
"""

import asyncio
from concurrent.futures import ThreadPoolExecutor

from impls.primes import Job, primes_in

DEFAULT = False


def run(job: Job, *, workers: int) -> list[list[int]]:
    return asyncio.run(find_all(job, workers))


async def find_all(job: Job, workers: int) -> list[list[int]]:
    # This many threads are the bound; asyncio.run ends them.
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(workers))
    return await asyncio.gather(*(asyncio.to_thread(primes_in, batch) for batch in job.batches))
