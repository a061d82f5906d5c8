"""A pool of processes that read the buffers from memory they share.

Execution unit: processes, in a ``ProcessPoolExecutor``. They share one block of memory with all buffers
in it, and get the start and end of each; the compressed result is pickled. Costs one copy of every
buffer into the block, where a pipe costs several, and a block with a name, which stays in the system
until it is unlinked. Choose it where much data goes to processes, best where it can be made in the
block in the first place; where threads can do the work, they need none of this.
"""

import itertools
import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from multiprocessing.shared_memory import SharedMemory

from impls.digests import Job, Packed, pack

DEFAULT = False
START_METHOD = "forkserver"

block: SharedMemory  # what a worker process keeps from one buffer to the next


def run(job: Job, *, workers: int) -> list[Packed]:
    context = multiprocessing.get_context(START_METHOD)
    context.set_forkserver_preload([__name__])
    ends = list(itertools.accumulate(map(len, job.buffers), initial=0))
    shared = SharedMemory(create=True, size=max(1, ends[-1]))
    try:
        for start, end, buffer in zip(ends[:-1], ends[1:], job.buffers, strict=True):
            shared.buf[start:end] = buffer  # type: ignore[index]  # it is None after close() only
        with ProcessPoolExecutor(workers, context, attach, (shared.name,)) as pool:
            return list(pool.map(pack_part, ends[:-1], ends[1:]))
    finally:
        shared.unlink()
        shared.close()


def attach(name: str) -> None:
    global block
    block = SharedMemory(name)


def pack_part(start: int, end: int) -> Packed:
    with block.buf[start:end] as buffer:  # type: ignore[index]  # see above
        return pack(buffer)
