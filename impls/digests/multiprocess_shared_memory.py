"""A pool of processes that read the buffers from shared memory.

Execution unit: processes, in a ``ProcessPoolExecutor``. They share one block of memory that contains
all buffers. Each task gets the start and end of its buffer. The compressed results are pickled.
Costs one copy of every buffer into the block, compared with several for a pipe. It also costs a named
block, which stays in the system until a program unlinks it.
Choose it to pass much data to processes, ideally if the data can be created in the block. If threads
can do the work, they need none of this.
"""

import itertools
import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from multiprocessing.shared_memory import SharedMemory

from impls.digests import Job, Packed, pack

DEFAULT = False
START_METHOD = "forkserver"

block: SharedMemory  # state of a worker process between buffers


def run(job: Job, *, workers: int) -> list[Packed]:
    context = multiprocessing.get_context(START_METHOD)
    context.set_forkserver_preload([__name__])
    ends = list(itertools.accumulate(map(len, job.buffers), initial=0))
    shared = SharedMemory(create=True, size=max(1, ends[-1]))
    try:
        for start, end, buffer in zip(ends[:-1], ends[1:], job.buffers, strict=True):
            shared.buf[start:end] = buffer  # type: ignore[index]  # None only after close()
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
