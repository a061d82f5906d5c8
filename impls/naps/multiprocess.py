"""A pool of processes.

Execution unit: processes, in a ``ProcessPoolExecutor``. They share nothing: each task is pickled and
sent through a pipe, and so is its answer.
Costs a fork for each worker, from a fork server that imported this module once, and these transfers.
Choose it for CPU-bound work. For waiting it is the most expensive model.
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
