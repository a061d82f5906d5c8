"""A pool of processes, each a new interpreter.

Execution unit: processes, in a ``ProcessPoolExecutor``, started like any program. They share nothing.
Costs most of all ways: in each of them an interpreter starts and imports everything the work needs.
Choose it where nothing of the parent may be carried over, or for a program that is to behave alike on
Linux, Windows and macOS, the last two of which start processes this way; and keep the pool for long.
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
