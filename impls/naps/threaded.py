"""A pool of threads; results come in the order of the tasks.

Execution unit: threads, in a ``ThreadPoolExecutor``. They share everything. ``map`` hands over the
first task's result first, also where others have long been ready, and it makes all futures before
it returns. Costs a thread for each worker, and a future, a lock and a trip through a queue for each
task. Choose it where the order matters, or where all results are needed before anything goes on.
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
