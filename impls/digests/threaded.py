"""A pool of threads.

Execution unit: operating system threads, in a ``ThreadPoolExecutor``. They share everything, so no
buffer is copied. hashlib and zlib release the interpreter lock while they compute, so these threads use
every core.
Costs a stack for each thread, and nothing per byte.
Choose it for work that a library does in C, after you have checked that the library releases the lock.
"""

from concurrent.futures import ThreadPoolExecutor

from impls.digests import Job, Packed, pack

DEFAULT = ("buffers_150k", "buffers_500k")
GATE = ("buffers_150k",)


def run(job: Job, *, workers: int) -> list[Packed]:
    with ThreadPoolExecutor(workers) as pool:
        return list(pool.map(pack, job.buffers))
