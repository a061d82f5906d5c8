"""Blocking calls in a pool of processes that opens inside the loop.

Execution unit: processes, in a ``ProcessPoolExecutor``. Coroutines only wait for them. They share
nothing: numbers and results are pickled in transit, and the processes share no lock with the loop.
Costs a fork for each process, from a fork server that imported this module once. It also blocks the
loop twice: while the first calls start their processes, and while the pool closes.
Choose it for CPU-bound calls. In a long-running program, use ``asyncio_process_pool_warm``.
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
                pool.shutdown(cancel_futures=True)  # skip the calls that have not started
                raise
    return Served(results, heart.beats)
