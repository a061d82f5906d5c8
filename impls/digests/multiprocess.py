"""A pool of processes.

Execution unit: processes, in a ``ProcessPoolExecutor``. They share nothing: every buffer is pickled,
sent through a pipe and unpickled, and so is the compressed result.
Costs a fork for each process, from a fork server that imported this module once, and the transfer of
every byte.
Choose it for work that holds the interpreter lock. If threads can do the work, they do it without the
transfers.
"""

import multiprocessing
from concurrent.futures import ProcessPoolExecutor

from impls.digests import Job, Packed, pack

DEFAULT = ("buffers_150k", "buffers_500k")
START_METHOD = "forkserver"


def run(job: Job, *, workers: int) -> list[Packed]:
    context = multiprocessing.get_context(START_METHOD)
    context.set_forkserver_preload([__name__])
    with ProcessPoolExecutor(workers, context) as pool:
        return list(pool.map(pack, job.buffers))
