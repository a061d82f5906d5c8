"""A pool of processes, awaited from an event loop.

Execution unit: processes, in a ``ProcessPoolExecutor``. Coroutines only wait for them. They share
nothing: batches and primes are pickled in transit.
Costs the same as ``multiprocess``, plus an event loop and two futures per batch (one of
``concurrent.futures``, one of asyncio).
Choose it in an asynchronous program that must stay responsive during CPU-bound work. A program that
only computes needs no event loop.
"""

import asyncio
import multiprocessing
from concurrent.futures import ProcessPoolExecutor

from impls.primes import Job, primes_in

DEFAULT = False
START_METHOD = "forkserver"


def run(job: Job, *, workers: int) -> list[list[int]]:
    return asyncio.run(find_all(job, workers))


async def find_all(job: Job, workers: int) -> list[list[int]]:
    loop = asyncio.get_running_loop()
    context = multiprocessing.get_context(START_METHOD)
    context.set_forkserver_preload([__name__])
    with ProcessPoolExecutor(workers, context) as pool:
        batches = (loop.run_in_executor(pool, primes_in, batch) for batch in job.batches)
        try:
            return await asyncio.gather(*batches)
        except BaseException:
            pool.shutdown(cancel_futures=True)  # skip the calls that have not started
            raise
