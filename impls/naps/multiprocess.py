"""A pool of processes.

Execution unit: processes, in a ``ProcessPoolExecutor``. They share nothing: each task is pickled and
goes through a pipe, and so does its answer. Costs a fork for each worker, by a fork server that has
imported this module once, and those trips. Choose it for work that computes; to wait, it is the
dearest of all.
"""

import multiprocessing
from concurrent.futures import ProcessPoolExecutor

from impls.naps import Job, Results, nap

DEFAULT = False
CASES = ("tasks_5_longest_first", "tasks_5", "tasks_10", "tasks_1k")
START_METHOD = "forkserver"


def run(job: Job, *, workers: int) -> Results:
    results = Results(in_order=True)
    context = multiprocessing.get_context(START_METHOD)
    context.set_forkserver_preload([__name__])
    with ProcessPoolExecutor(workers, context) as pool:
        for value in pool.map(nap, job.tasks):
            results.take(value)
    return results
