"""A pool of processes that merge the counts of their own chapters.

Execution unit: processes, in a ``ProcessPoolExecutor``. They share nothing. Each gets one task with its
share of the chapters, and counts them all into one ``Counter``.
Costs balance: the shares are fixed before the work begins, so a worker that falls behind is not helped.
Choose it if results are large and merging makes them fewer or smaller: few words are new in a second
chapter. MapReduce calls it a combiner.
"""

import multiprocessing
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor

from impls.wordcount import Job, count, merge, shares

DEFAULT = ("words_500k",)
START_METHOD = "forkserver"


def run(job: Job, *, workers: int) -> Counter[str]:
    context = multiprocessing.get_context(START_METHOD)
    context.set_forkserver_preload([__name__])
    with ProcessPoolExecutor(workers, context) as pool:
        return merge(pool.map(count_all, shares(job.chapters, workers)))


def count_all(share: Sequence[str]) -> Counter[str]:
    total: Counter[str] = Counter()
    for chapter in share:
        count(chapter, total)
    return total
