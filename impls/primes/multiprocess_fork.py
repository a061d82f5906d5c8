"""A pool of processes that are forks of this one.

Execution unit: processes, in a ``ProcessPoolExecutor``. Each is a copy of this one at the moment of the
fork. They share its memory until a process writes to it, so they have every module and object at once.
Costs the least of all start methods. But a fork copies only the thread that calls it. A lock that
another thread holds stays locked in the child forever. This is why Python warns from 3.12 on, and no
longer forks by default from 3.14 on.
Choose it in programs without threads, on Linux.
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
