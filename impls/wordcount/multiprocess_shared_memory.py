"""A pool of processes that read the text from shared memory.

Execution unit: processes, in a ``ProcessPoolExecutor``. They share one block of memory with all
chapters as bytes. Each task gets the start and end of its chapter.
Costs a copy of each chapter into the block, and another one back into a string, because a ``str``
cannot be a view of memory. A block stays in the system until a program unlinks it.
Choose it for arrays, which workers use in place.
"""

import itertools
import multiprocessing
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from multiprocessing.shared_memory import SharedMemory

from impls.wordcount import Job, count, merge

DEFAULT = False
START_METHOD = "forkserver"

block: SharedMemory  # state of a worker process between chapters


def run(job: Job, *, workers: int) -> Counter[str]:
    context = multiprocessing.get_context(START_METHOD)
    context.set_forkserver_preload([__name__])
    texts = [chapter.encode() for chapter in job.chapters]
    ends = list(itertools.accumulate(map(len, texts), initial=0))
    shared = SharedMemory(create=True, size=max(1, ends[-1]))
    try:
        for start, end, text in zip(ends[:-1], ends[1:], texts, strict=True):
            shared.buf[start:end] = text  # type: ignore[index]  # None only after close()
        with ProcessPoolExecutor(workers, context, attach, (shared.name,)) as pool:
            return merge(pool.map(count_part, ends[:-1], ends[1:]))
    finally:
        shared.unlink()
        shared.close()


def attach(name: str) -> None:
    global block
    block = SharedMemory(name)


def count_part(start: int, end: int) -> Counter[str]:
    return count(str(block.buf[start:end], "utf-8"))  # type: ignore[index]  # see above
