"""A pool of processes.

Execution unit: processes, in a ``ProcessPoolExecutor``, each with an interpreter and a lock of its
own, so they compute at the same time. They share nothing: batches and primes are pickled on the way.
Costs a fork for each, by a fork server that has imported this module once, and the memory of another
interpreter. Choose it for work that computes, in portions large enough to be worth the trip.
"""

import multiprocessing
from concurrent.futures import ProcessPoolExecutor

from impls.primes import Job, primes_in

START_METHOD = "forkserver"
GATE = ("below_50k",)


def run(job: Job, *, workers: int) -> list[list[int]]:
    context = multiprocessing.get_context(START_METHOD)
    context.set_forkserver_preload([__name__])
    with ProcessPoolExecutor(workers, context) as pool:
        return list(pool.map(primes_in, job.batches))
