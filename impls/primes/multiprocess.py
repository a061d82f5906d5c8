"""A pool of processes.

Execution unit: processes, in a ``ProcessPoolExecutor``. Each has its own interpreter and interpreter
lock, so they compute in parallel. They share nothing: batches and primes are pickled in transit.
Costs a fork for each process, from a fork server that imported this module once, and the memory of
another interpreter.
Choose it for CPU-bound work, in batches large enough to justify the transfer.
"""

import multiprocessing
from concurrent.futures import ProcessPoolExecutor

from impls.primes import Job, primes_in

DEFAULT = ("below_50k", "medium")
START_METHOD = "forkserver"
GATE = ("below_50k",)


def run(job: Job, *, workers: int) -> list[list[int]]:
    context = multiprocessing.get_context(START_METHOD)
    context.set_forkserver_preload([__name__])
    with ProcessPoolExecutor(workers, context) as pool:
        return list(pool.map(primes_in, job.batches))
