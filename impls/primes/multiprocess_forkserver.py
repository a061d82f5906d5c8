"""A pool of processes from a fork server without preloaded modules.

Execution unit: processes, in a ``ProcessPoolExecutor``, forked from a small, clean process without
threads. They share nothing. It differs from ``multiprocess`` in one missing line:
``set_forkserver_preload``. Without it the fork server knows at most the main module. Each worker
imports the rest itself, in every pool.
Costs those imports.
Choose it if the imports are small, or must not happen before a fork. It is the default of a pool on
Linux from Python 3.14 on.
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
