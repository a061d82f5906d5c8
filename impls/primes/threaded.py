"""A pool of threads.

Execution unit: operating system threads, in a ``ThreadPoolExecutor``. They share everything, including
the interpreter lock. With the lock, only one thread computes at a time, so the result is sequential
with some overhead.
Costs a stack for each thread, and contention for the lock.
Choose it on a free-threaded build, where threads are the cheapest way to use all cores.
"""

from concurrent.futures import ThreadPoolExecutor

from impls.primes import Job, primes_in

DEFAULT = ("below_50k", "medium")
GATE = ("below_50k",)


def run(job: Job, *, workers: int) -> list[list[int]]:
    with ThreadPoolExecutor(workers) as pool:
        return list(pool.map(primes_in, job.batches))
