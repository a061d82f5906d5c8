"""A pool of processes that gets the potentially longest batches first.

Execution unit: processes, in a ``ProcessPoolExecutor``, that share nothing. It differs from
``multiprocess`` only in the order. If a long batch comes last, one process computes while the others
wait for it.
Costs an estimate of the duration of each batch. A rough one is enough.
Choose it for few tasks of very different length.
"""

import math
import multiprocessing
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor

from impls.primes import Job, primes_in

DEFAULT = ("medium",)
START_METHOD = "forkserver"


def run(job: Job, *, workers: int) -> list[list[int]]:
    context = multiprocessing.get_context(START_METHOD)
    context.set_forkserver_preload([__name__])
    largest_first = sorted(enumerate(job.batches), key=lambda task: longest(task[1]), reverse=True)
    with ProcessPoolExecutor(workers, context) as pool:
        futures = {index: pool.submit(primes_in, batch) for index, batch in largest_first}
        return [futures[index].result() for index in range(len(job.batches))]


def longest(batch: Sequence[int]) -> int:
    """Estimate the divisions for a batch: the exact number if all its numbers are primes."""
    return sum(map(math.isqrt, batch))
