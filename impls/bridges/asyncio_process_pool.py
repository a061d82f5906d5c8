"""Blocking calls in a pool of processes that is opened where it is used.

Execution unit: processes, in a ``ProcessPoolExecutor``; coroutines only wait for them. They share
nothing: numbers and results are pickled on the way, and no lock is shared with the loop. Costs a fork
for each, by a fork server that has imported this module once, and the loop stands still twice: while
the first calls start their processes, and while the pool is closed. Choose it for calls that compute;
in a program that stays, take ``asyncio_process_pool_warm``.
"""

import asyncio
import multiprocessing
from concurrent.futures import ProcessPoolExecutor

from impls.bridges import Heart, Job, Served

DEFAULT = False
START_METHOD = "forkserver"


def run(job: Job, *, workers: int) -> Served:
    return asyncio.run(call_all(job, workers))


async def call_all(job: Job, workers: int) -> Served:
    loop = asyncio.get_running_loop()
    context = multiprocessing.get_context(START_METHOD)
    context.set_forkserver_preload([__name__])
    async with Heart() as heart:
        with ProcessPoolExecutor(workers, context) as pool:
            calls = (loop.run_in_executor(pool, job.call, number) for number in job.numbers)
            try:
                results = await asyncio.gather(*calls)
            except BaseException:
                pool.shutdown(cancel_futures=True)  # what has not begun need not
                raise
    return Served(results, heart.beats)
