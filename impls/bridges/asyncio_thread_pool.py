"""Blocking calls in a dedicated pool of threads.

Execution unit: threads, in a ``ThreadPoolExecutor`` as large as the bound. Coroutines only wait for
them. They share everything. The pool opens before the loop and closes after it, so the loop waits for
neither.
Costs a thread for each call in flight. If the calls are CPU-bound, these threads always have more work
and compete with the loop for the interpreter lock.
Choose it if many calls wait at the same time. The default pool of the loop is small, and other code
uses it too.
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
