"""A pool of processes that have the text already, as forks of this one.

Execution unit: processes, in a ``ProcessPoolExecutor``. Each is a copy of this one at the moment of the
fork, with its chapters. A task is the number of a chapter.
Costs nothing for the text. The counts come back through a pipe, as in ``multiprocess``. But a fork
copies only the thread that calls it: see ``multiprocess_fork`` of primes.
Choose it in programs without threads, on Linux, if all data is there before the processes start.
"""

import multiprocessing
from collections import Counter
from concurrent.futures import ProcessPoolExecutor

from impls.wordcount import Job, count, merge

DEFAULT = False
START_METHOD = "fork"

chapters: tuple[str, ...]  # state of a worker process between chapters


def run(job: Job, *, workers: int) -> Counter[str]:
    context = multiprocessing.get_context(START_METHOD)
    # A fork has the arguments of its initializer in memory; they are not pickled.
    with ProcessPoolExecutor(workers, context, keep, (job.chapters,)) as pool:
        return merge(pool.map(count_inherited, range(len(job.chapters))))


def keep(inherited: tuple[str, ...]) -> None:
    global chapters
    chapters = inherited


def count_inherited(number: int) -> Counter[str]:
    return count(chapters[number])
