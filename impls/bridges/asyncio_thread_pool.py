"""Blocking calls in a pool of threads of their own.

Execution unit: threads, in a ``ThreadPoolExecutor`` as large as the bound; coroutines only wait for
them. They share everything. The pool is opened before the loop and closed after it, so the loop waits
for neither. Costs a thread for each call in flight, and where calls compute, threads that always have
the next one compete with the loop for the interpreter lock. Choose it where many calls wait at the
same time: the loop's default pool is small, and others use it too.
"""

import asyncio
from concurrent.futures import ThreadPoolExecutor

from impls.bridges import Heart, Job, Served

DEFAULT = False


def run(job: Job, *, workers: int) -> Served:
    with ThreadPoolExecutor(workers) as pool:
        return asyncio.run(call_all(job, pool))


async def call_all(job: Job, pool: ThreadPoolExecutor) -> Served:
    loop = asyncio.get_running_loop()
    async with Heart() as heart:
        calls = (loop.run_in_executor(pool, job.call, number) for number in job.numbers)
        results = await asyncio.gather(*calls)
    return Served(results, heart.beats)
