"""A pool of processes with one task per number.

Execution unit: processes, in a ``ProcessPoolExecutor``, that share nothing, as in ``multiprocess``. It
deliberately differs in the task: one number instead of a batch.
Costs a trip through two pipes, and the pickling of question and answer, for every number. That takes
hundreds of times as long as the test of a small number.
Choose it only if a single task computes for milliseconds or more, as in ``large``. Otherwise see
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
