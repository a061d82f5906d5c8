"""A pool of processes that are forks of this one.

Execution unit: processes, in a ``ProcessPoolExecutor``, each a copy of this one at the moment of the
fork. They share its memory until somebody writes, so they have every module and every object at once.
Costs least of all ways to start a process; but only the thread that forks is copied, and a lock that
another one held stays locked for ever in the child, which is why Python warns from 3.12 on and no
longer does it unasked from 3.14 on. Choose it in programs without threads, on Linux.
"""

import multiprocessing
from concurrent.futures import ProcessPoolExecutor

from impls.primes import Job, primes_in

DEFAULT = False
START_METHOD = "fork"


def run(job: Job, *, workers: int) -> list[list[int]]:
    context = multiprocessing.get_context(START_METHOD)
    with ProcessPoolExecutor(workers, context) as pool:
        return list(pool.map(primes_in, job.batches))
