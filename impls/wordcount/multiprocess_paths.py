"""A pool of processes that gets the paths of files.

Execution unit: processes, in a ``ProcessPoolExecutor``. They share the files: each reads the chapters
that it counts.
Costs a file for each chapter. The system holds in memory what was read or written lately.
Choose it if the data is in files anyway. The caller then needs no memory for it.
"""

import multiprocessing
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from impls.wordcount import Job, count, merge

DEFAULT = False
START_METHOD = "forkserver"


def run(job: Job, *, workers: int) -> Counter[str]:
    context = multiprocessing.get_context(START_METHOD)
    context.set_forkserver_preload([__name__])
    with ProcessPoolExecutor(workers, context) as pool:
        return merge(pool.map(count_file, job.paths))


def count_file(path: Path) -> Counter[str]:
    return count(path.read_text(encoding="utf-8"))
