"""A pool of threads.

Execution unit: threads of the operating system, in a ``ThreadPoolExecutor``. They share everything:
no buffer is copied on its way in or out. hashlib and zlib give up the interpreter lock while they
compute, so here threads use every core under it. Costs a stack for each thread, and nothing for each
byte. Choose it for work that a library does in C, once you have seen that the library releases the
lock.
"""

from concurrent.futures import ThreadPoolExecutor

from impls.digests import Job, Packed, pack

GATE = ("buffers_150k",)


def run(job: Job, *, workers: int) -> list[Packed]:
    with ThreadPoolExecutor(workers) as pool:
        return list(pool.map(pack, job.buffers))
