"""A pool of processes that write their results into memory they share.

Execution unit: processes, in a ``ProcessPoolExecutor``. They share one block of memory, with a byte
for each number: prime or not. Costs a block with a name, which stays in the system until somebody
unlinks it, and the places in it are the program's to keep apart: nothing locks them. Choose it where
results are large and of a fixed size, arrays above all; a few thousand primes are pickled as fast.
"""

import itertools
import multiprocessing
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing.shared_memory import SharedMemory

from impls.primes import Job, is_prime

DEFAULT = False
START_METHOD = "forkserver"

block: SharedMemory  # what a worker process keeps from one batch to the next


def run(job: Job, *, workers: int) -> list[list[int]]:
    context = multiprocessing.get_context(START_METHOD)
    context.set_forkserver_preload([__name__])
    ends = list(itertools.accumulate(map(len, job.batches), initial=0))
    shared = SharedMemory(create=True, size=max(1, ends[-1]))
    try:
        with ProcessPoolExecutor(workers, context, attach, (shared.name,)) as pool:
            list(pool.map(mark_primes, ends[:-1], job.batches))  # a list, for the errors to be raised
        flags = iter(bytes(shared.buf))  # type: ignore[arg-type]  # it is None after close() only
        return [[number for number in batch if next(flags)] for batch in job.batches]
    finally:
        shared.unlink()
        shared.close()


def attach(name: str) -> None:
    global block
    block = SharedMemory(name)


def mark_primes(start: int, batch: Sequence[int]) -> None:
    primes = bytes(map(is_prime, batch))
    block.buf[start : start + len(batch)] = primes  # type: ignore[index]  # see above
