"""Blocking calls in a pool of processes that were started before the loop.

Execution unit: processes, in a ``ProcessPoolExecutor``; coroutines only wait for them. They share
nothing: numbers and results are pickled on the way, and no lock is shared with the loop. The pool is
opened before the loop and closed after it, and a first call for each process sees to it that all have
started: the loop never waits for that. Costs all of the time for it, though, before anything is done.
Choose it for calls that compute, in a program that serves meanwhile and stays.
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
        # A process starts for a call that finds none idle: so long as these take, each finds none.
        list(pool.map(time.sleep, [0.01] * workers))
        return asyncio.run(call_all(job, pool))


async def call_all(job: Job, pool: ProcessPoolExecutor) -> Served:
    loop = asyncio.get_running_loop()
    async with Heart() as heart:
        calls = (loop.run_in_executor(pool, job.call, number) for number in job.numbers)
        results = await asyncio.gather(*calls)
    return Served(results, heart.beats)
