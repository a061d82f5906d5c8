"""A pool of threads.

Execution unit: threads of the operating system, in a ``ThreadPoolExecutor``. They share everything,
the interpreter lock included: where there is one, only one of them computes at a time, and the
result is sequential with some overhead. Costs a stack for each thread and the turns at the lock.
Choose it on a free-threaded build, where threads are the cheapest way to use all cores.
"""

from concurrent.futures import ThreadPoolExecutor

from impls.primes import Job, primes_in

GATE = ("below_50k",)


def run(job: Job, *, workers: int) -> list[list[int]]:
    with ThreadPoolExecutor(workers) as pool:
        return list(pool.map(primes_in, job.batches))
