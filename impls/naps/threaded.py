"""A pool of threads, with results in the order of the tasks.

Execution unit: threads, in a ``ThreadPoolExecutor``. They share everything. ``map`` returns the result
of the first task first, even if others are ready long before. It creates all futures before it returns.
Costs a thread for each worker, and a future, a lock and a trip through a queue for each task.
Choose it if the order matters, or if the program needs all results before it continues.
"""

from concurrent.futures import ThreadPoolExecutor

from impls.naps import Job, Results, nap

DEFAULT = ("tasks_5_longest_first",)


def run(job: Job, *, workers: int) -> Results:
    results = Results(in_order=True)
    with ThreadPoolExecutor(workers) as pool:
        for value in pool.map(nap, job.tasks):
            results.take(value)
    return results
