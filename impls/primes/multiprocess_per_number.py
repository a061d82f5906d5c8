"""A pool of processes that is handed every number by itself.

Execution unit: processes, in a ``ProcessPoolExecutor``, as in ``multiprocess``, that share nothing.
What differs on purpose is the task: one number, not a batch. Costs a trip through two pipes and the
pickling of question and answer for every number, hundreds of times what testing a small one takes.
Choose it only where a single task computes for milliseconds or more, as in ``large``; else see
``multiprocess_chunks``.
"""

import itertools
import multiprocessing
from concurrent.futures import ProcessPoolExecutor

from impls.primes import Job, is_prime

DEFAULT = False
START_METHOD = "forkserver"


def run(job: Job, *, workers: int) -> list[list[int]]:
    context = multiprocessing.get_context(START_METHOD)
    context.set_forkserver_preload([__name__])
    with ProcessPoolExecutor(workers, context) as pool:
        prime = pool.map(is_prime, itertools.chain.from_iterable(job.batches))
        return [[number for number in batch if next(prime)] for batch in job.batches]
