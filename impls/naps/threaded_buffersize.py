"""A pool of threads that submits only the tasks that start soon.

Execution unit: threads, in a ``ThreadPoolExecutor``. They share everything. With ``buffersize``, from
Python 3.14 on, ``map`` creates the next future when a result is taken. Without it, ``map`` creates all
futures in advance. So the tasks may come from an endless iterator.
Costs the same as ``threaded``, but a worker may have to wait for the caller.
Choose it for many tasks, or for tasks that arrive one by one.
"""

from concurrent.futures import ThreadPoolExecutor

from impls.naps import Job, Results, nap

DEFAULT = False
PYTHON = ">=3.14"


def run(job: Job, *, workers: int) -> Results:
    results = Results(in_order=True)
    with ThreadPoolExecutor(workers) as pool:
        # Twice the workers: they stay busy while the caller waits for the first result.
        ahead = 2 * workers
        for value in pool.map(nap, job.tasks, buffersize=ahead):  # type: ignore[call-arg]  # from 3.14 on
            results.take(value)
    return results
