"""A pool of threads with one task per number.

Execution unit: threads, in a ``ThreadPoolExecutor``. They share the same as in ``threaded``. It
deliberately differs in the task: one number instead of a batch.
Costs a future, a trip through the queue of the pool and often a wait for the interpreter lock, for
every number. Testing most numbers takes less time than that.
Choose it never for tasks as small as these. This model shows why batches matter.
"""

import itertools
from concurrent.futures import ThreadPoolExecutor

from impls.primes import Job, is_prime

DEFAULT = False


def run(job: Job, *, workers: int) -> list[list[int]]:
    with ThreadPoolExecutor(workers) as pool:
        prime = pool.map(is_prime, itertools.chain.from_iterable(job.batches))
        return [[number for number in batch if next(prime)] for batch in job.batches]
