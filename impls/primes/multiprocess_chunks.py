"""A pool of processes that divides the numbers into chunks.

Execution unit: processes, in a ``ProcessPoolExecutor``, that share nothing. The program passes single
numbers, as in ``multiprocess_per_number``. ``chunksize`` groups them for the transfer, so that each
worker gets eight chunks.
Costs one more argument, and pickling of every number and its answer. A batch would be a single range.
Choose it for small tasks without natural batches. For few tasks of very different length, leave
``chunksize`` at one.
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
