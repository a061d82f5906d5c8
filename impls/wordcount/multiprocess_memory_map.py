"""A pool of processes that map one file into their memory.

Execution unit: processes, in a ``ProcessPoolExecutor``. They share the pages of the book, which the
system holds in memory once. Each task gets the start and end of its chapter.
Costs a map for each process. A chapter is copied once, into a string.
Choose it for parts of one large file, above all for those that are read in no order.
"""

import itertools
import mmap
import multiprocessing
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from impls.wordcount import Job, count, merge

DEFAULT = False
START_METHOD = "forkserver"

book: mmap.mmap  # state of a worker process between chapters


def run(job: Job, *, workers: int) -> Counter[str]:
    context = multiprocessing.get_context(START_METHOD)
    context.set_forkserver_preload([__name__])
    ends = list(itertools.accumulate((len(chapter.encode()) for chapter in job.chapters), initial=0))
    with ProcessPoolExecutor(workers, context, open_book, (job.book,)) as pool:
        return merge(pool.map(count_part, ends[:-1], ends[1:]))


def open_book(path: Path) -> None:
    global book
    with path.open("rb") as file:
        book = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)


def count_part(start: int, end: int) -> Counter[str]:
    return count(str(memoryview(book)[start:end], "utf-8"))
