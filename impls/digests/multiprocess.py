"""A pool of processes.

Execution unit: processes, in a ``ProcessPoolExecutor``. They share nothing: every buffer is pickled,
goes through a pipe and is unpickled, and so is what it was compressed to. Costs a fork for each, by a
fork server that has imported this module once, and a trip for every byte. Choose it for work that
holds the interpreter lock; where threads can do it, they do it without the shipping.
"""

import multiprocessing
from concurrent.futures import ProcessPoolExecutor

from impls.digests import Job, Packed, pack

START_METHOD = "forkserver"


def run(job: Job, *, workers: int) -> list[Packed]:
    context = multiprocessing.get_context(START_METHOD)
    context.set_forkserver_preload([__name__])
    with ProcessPoolExecutor(workers, context) as pool:
        return list(pool.map(pack, job.buffers))
