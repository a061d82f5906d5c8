"""A pool of threads that is handed every number by itself.

Execution unit: threads, in a ``ThreadPoolExecutor``, as in ``threaded``, and they share the same. What
differs on purpose is the task: one number, not a batch. Costs a future, a trip through the pool's queue
and often a turn at the interpreter lock for every number, and most numbers are tested in less time than
that. Choose it never for tasks as small as these: it shows why batches matter.
"""

import itertools
from concurrent.futures import ThreadPoolExecutor

from impls.primes import Job, is_prime

DEFAULT = False


def run(job: Job, *, workers: int) -> list[list[int]]:
    with ThreadPoolExecutor(workers) as pool:
        prime = pool.map(is_prime, itertools.chain.from_iterable(job.batches))
        return [[number for number in batch if next(prime)] for batch in job.batches]
