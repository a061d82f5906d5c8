"""A pool of processes that cuts the numbers into chunks itself.

Execution unit: processes, in a ``ProcessPoolExecutor``, that share nothing. The program hands over
single numbers, as in ``multiprocess_per_number``, and ``chunksize`` has them travel together: as many
as leave each worker eight chunks. Costs one more argument, and pickling every number and its answer,
where a batch is one range. Choose it where the tasks are small and there are no natural batches; where
there are few and their times differ much, leave ``chunksize`` at one.
"""

import itertools
import math
import multiprocessing
from concurrent.futures import ProcessPoolExecutor

from impls.primes import Job, is_prime

DEFAULT = False
START_METHOD = "forkserver"
CHUNKS_PER_WORKER = 8


def run(job: Job, *, workers: int) -> list[list[int]]:
    context = multiprocessing.get_context(START_METHOD)
    context.set_forkserver_preload([__name__])
    numbers = list(itertools.chain.from_iterable(job.batches))
    chunksize = math.ceil(len(numbers) / (workers * CHUNKS_PER_WORKER)) or 1
    with ProcessPoolExecutor(workers, context) as pool:
        prime = pool.map(is_prime, numbers, chunksize=chunksize)
        return [[number for number in batch if next(prime)] for batch in job.batches]
