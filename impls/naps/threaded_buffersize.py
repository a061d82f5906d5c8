"""A pool of threads; no more tasks are handed in than will soon be begun.

Execution unit: threads, in a ``ThreadPoolExecutor``. They share everything. With ``buffersize``, from
Python 3.14 on, ``map`` makes the next future when a result is taken, not all of them before the first
is: it may read tasks from something that never ends. Costs what ``threaded`` costs, but a worker may
wait for the caller. Choose it for many tasks, or where they come one by one.
"""

from concurrent.futures import ThreadPoolExecutor

from impls.naps import Job, Results, nap

DEFAULT = False
PYTHON = ">=3.14"


def run(job: Job, *, workers: int) -> Results:
    results = Results(in_order=True)
    with ThreadPoolExecutor(workers) as pool:
        # Twice as many as workers: while the first result is due, the others have something to do.
        ahead = 2 * workers
        for value in pool.map(nap, job.tasks, buffersize=ahead):  # type: ignore[call-arg]  # from 3.14 on
            results.take(value)
    return results
