"""Blocking calls in a pool of processes that start before the loop.

Execution unit: processes, in a ``ProcessPoolExecutor``. Coroutines only wait for them. They share
nothing: numbers and results are pickled in transit, and the processes share no lock with the loop. The
pool opens before the loop and closes after it. One initial call per process ensures that all have
started, so the loop never waits for a start.
Costs the full start time before any work begins.
Choose it for CPU-bound calls in a long-running program that serves requests meanwhile.
"""

import asyncio
import multiprocessing
import time
from concurrent.futures import ProcessPoolExecutor

from impls.bridges import Heart, Job, Served

DEFAULT = False
START_METHOD = "forkserver"


def run(job: Job, *, workers: int) -> Served:
    context = multiprocessing.get_context(START_METHOD)
    context.set_forkserver_preload([__name__])
    with ProcessPoolExecutor(workers, context) as pool:
        # The pool starts a process for each call that finds none idle: keep all of them busy.
        list(pool.map(time.sleep, [0.01] * workers))
        return asyncio.run(call_all(job, pool))


async def call_all(job: Job, pool: ProcessPoolExecutor) -> Served:
    loop = asyncio.get_running_loop()
    async with Heart() as heart:
        calls = (loop.run_in_executor(pool, job.call, number) for number in job.numbers)
        results = await asyncio.gather(*calls)
    return Served(results, heart.beats)
