"""A pool of processes that gets the text with each task.

Execution unit: processes, in a ``ProcessPoolExecutor``. They share nothing: a chapter is pickled, sent
through a pipe and unpickled, and so is its ``Counter``.
Costs little for the text: a string is one block of bytes. It costs much for the counts: every word and
number is an object, to pickle, to unpickle in the caller, and to merge there.
Choose it if the results are small.
"""

import multiprocessing
from collections import Counter
from concurrent.futures import ProcessPoolExecutor

from impls.wordcount import Job, count, merge

DEFAULT = ("words_500k",)
START_METHOD = "forkserver"


def run(job: Job, *, workers: int) -> Counter[str]:
    context = multiprocessing.get_context(START_METHOD)
    context.set_forkserver_preload([__name__])
    with ProcessPoolExecutor(workers, context) as pool:
        return merge(pool.map(count, job.chapters))
