"""A pool of threads.

Execution unit: operating system threads, in a ``ThreadPoolExecutor``. They share the chapters, and the
counts come back as they are.
Costs a ``Counter`` for each chapter, and one thread that merges them all.
Choose it on free-threaded builds, if results are quick to merge. With the lock, threads take turns, and
the merging comes on top.
"""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

from impls.wordcount import Job, count, merge

DEFAULT = ("words_500k",)


def run(job: Job, *, workers: int) -> Counter[str]:
    with ThreadPoolExecutor(workers) as pool:
        return merge(pool.map(count, job.chapters))
