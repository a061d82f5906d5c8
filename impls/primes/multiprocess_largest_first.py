"""A pool of processes that gets what may take longest first.

Execution unit: processes, in a ``ProcessPoolExecutor``, that share nothing. Differs from
``multiprocess`` in the order alone: a long batch that comes last has one process at work and the others
waiting for it. Costs a guess at how long each batch may take; a rough one will do. Choose it where
there are few tasks and their times differ much.
"""

import math
import multiprocessing
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor

from impls.primes import Job, primes_in

DEFAULT = ("large",)
START_METHOD = "forkserver"


def run(job: Job, *, workers: int) -> list[list[int]]:
    context = multiprocessing.get_context(START_METHOD)
    context.set_forkserver_preload([__name__])
    largest_first = sorted(enumerate(job.batches), key=lambda task: longest(task[1]), reverse=True)
    with ProcessPoolExecutor(workers, context) as pool:
        futures = {index: pool.submit(primes_in, batch) for index, batch in largest_first}
        return [futures[index].result() for index in range(len(job.batches))]


def longest(batch: Sequence[int]) -> int:
    """How many divisions a batch may take, at most, but for a factor."""
    return sum(map(math.isqrt, batch))
