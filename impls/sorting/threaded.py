"""A pool of threads.

Execution unit: operating system threads, in a ``ThreadPoolExecutor``. They share the records.
Costs the merging in one thread: ``heapq.merge`` is written in Python, and ``sorted`` in C.
Choose it on free-threaded builds, if parts take far longer to sort than to merge.
"""

from concurrent.futures import ThreadPoolExecutor

from impls.sorting import Job, Record, merged, sort

DEFAULT = False


def run(job: Job, *, workers: int) -> list[Record]:
    with ThreadPoolExecutor(workers) as pool:
        return merged(list(pool.map(sort, job.parts)))
