"""Threads, awaited from an event loop.

Execution unit: threads of the event loop's default pool. Coroutines only wait for them. They share
everything, including the interpreter lock, so pure Python runs no faster than in one thread. The
default pool has min(32, cores + 4) threads unless it is replaced. A larger semaphore does not raise
this limit.
Costs an event loop, a thread for each worker, and contention for the lock. In return the event loop
keeps running.
Choose it to use a blocking library in an asynchronous program.
"""

import asyncio
from concurrent.futures import ThreadPoolExecutor

from impls.primes import Job, primes_in

DEFAULT = False


def run(job: Job, *, workers: int) -> list[list[int]]:
    return asyncio.run(find_all(job, workers))


async def find_all(job: Job, workers: int) -> list[list[int]]:
    # The size of the pool is the bound. asyncio.run shuts the pool down.
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(workers))
    return await asyncio.gather(*(asyncio.to_thread(primes_in, batch) for batch in job.batches))
