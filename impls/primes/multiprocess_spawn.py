"""A pool of processes, each a new interpreter.

Execution unit: processes, in a ``ProcessPoolExecutor``, started like any program. They share nothing.
Costs the most of all start methods: in each process an interpreter starts and imports everything that
the work needs.
Choose it if a process must inherit nothing from the parent, or if a program must behave the same on
Linux, Windows and macOS. Windows and macOS start processes this way. Keep the pool for a long time.
"""

import multiprocessing
from concurrent.futures import ProcessPoolExecutor

from impls.primes import Job, primes_in

DEFAULT = False
START_METHOD = "spawn"


def run(job: Job, *, workers: int) -> list[list[int]]:
    context = multiprocessing.get_context(START_METHOD)
    with ProcessPoolExecutor(workers, context) as pool:
        return list(pool.map(primes_in, job.batches))
