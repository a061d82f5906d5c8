"""A pool of processes that get buffers beside their pickles.

Execution unit: processes, in a ``ProcessPoolExecutor``. They share one block of memory. Protocol 5 of
pickle leaves the bytes of a ``PickleBuffer`` out of the pickle, and the block takes them. A task is a
pickle, with the place of its buffer.
Costs the same copies as ``multiprocess_shared_memory`` and more code. Through a pipe it would only save
the copies into and out of the pickle.
Choose it for objects that contain buffers, such as arrays and data frames: they support it, so one
function shares them all.
"""

import itertools
import multiprocessing
import pickle
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
    buffers: list[pickle.PickleBuffer] = []
    wrapped = (pickle.PickleBuffer(chapter.encode()) for chapter in job.chapters)
    pickles = [pickle.dumps(each, protocol=5, buffer_callback=buffers.append) for each in wrapped]
    views = [buffer.raw() for buffer in buffers]
    ends = list(itertools.accumulate((view.nbytes for view in views), initial=0))
    shared = SharedMemory(create=True, size=max(1, ends[-1]))
    try:
        for start, end, view in zip(ends[:-1], ends[1:], views, strict=True):
            shared.buf[start:end] = view  # type: ignore[index]  # None only after close()
        with ProcessPoolExecutor(workers, context, attach, (shared.name,)) as pool:
            return merge(pool.map(count_pickled, pickles, ends[:-1], ends[1:]))
    finally:
        shared.unlink()
        shared.close()


def attach(name: str) -> None:
    global block
    block = SharedMemory(name)


def count_pickled(pickled: bytes, start: int, end: int) -> Counter[str]:
    view = block.buf[start:end]  # type: ignore[index]  # see above
    return count(str(pickle.loads(pickled, buffers=[view]), "utf-8"))
