"""A pool of processes that write their results into shared memory.

Execution unit: processes, in a ``ProcessPoolExecutor``. They share one block of memory with a byte for
each number: prime or not.
Costs a named block, which stays in the system until a program unlinks it. No lock protects the block,
so the program must keep the ranges of the workers apart.
Choose it for large results of a fixed size, above all arrays. For a few thousand primes, pickling is as
fast.
"""

import itertools
import multiprocessing
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing.shared_memory import SharedMemory

from impls.primes import Job, is_prime

DEFAULT = False
START_METHOD = "forkserver"

block: SharedMemory  # state of a worker process between batches


def run(job: Job, *, workers: int) -> list[list[int]]:
    context = multiprocessing.get_context(START_METHOD)
    context.set_forkserver_preload([__name__])
    ends = list(itertools.accumulate(map(len, job.batches), initial=0))
    shared = SharedMemory(create=True, size=max(1, ends[-1]))
    try:
        with ProcessPoolExecutor(workers, context, attach, (shared.name,)) as pool:
            list(pool.map(mark_primes, ends[:-1], job.batches))  # list() raises their errors
        flags = iter(bytes(shared.buf))  # type: ignore[arg-type]  # None only after close()
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
