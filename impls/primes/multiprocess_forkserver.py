"""A pool of processes from a fork server that is told to import nothing.

Execution unit: processes, in a ``ProcessPoolExecutor``, forked from a small clean process without
threads of its own. They share nothing. What differs from ``multiprocess`` is one line that is not
there: without ``set_forkserver_preload`` the fork server knows the main module at most, and each worker
imports the modules that its work needs, in every pool. Costs those imports. Choose it where they are
small, or must not happen before a fork; it is what a pool does on Linux from Python 3.14 on by default.
"""

import multiprocessing
from concurrent.futures import ProcessPoolExecutor

from impls.primes import Job, primes_in

DEFAULT = False
START_METHOD = "forkserver"


def run(job: Job, *, workers: int) -> list[list[int]]:
    context = multiprocessing.get_context(START_METHOD)
    with ProcessPoolExecutor(workers, context) as pool:
        return list(pool.map(primes_in, job.batches))
