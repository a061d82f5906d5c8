"""A pool of threads, with results in order of completion.

Execution unit: threads, in a ``ThreadPoolExecutor``. They share everything. ``as_completed`` yields the
futures as they finish.
Costs the same as ``threaded``, plus a set of all futures to keep track of.
Choose it over ``map`` to use a result while slower tasks still run, or to show progress. It also allows
tasks of different kinds.
"""

from concurrent.futures import ThreadPoolExecutor, as_completed

from impls.naps import Job, Results, nap

DEFAULT = ("tasks_5_longest_first",)


def run(job: Job, *, workers: int) -> Results:
    results = Results(in_order=False)
    with ThreadPoolExecutor(workers) as pool:
        futures = [pool.submit(nap, task) for task in job.tasks]
        try:
            for future in as_completed(futures):
                results.take(future.result())
        except BaseException:
            pool.shutdown(cancel_futures=True)  # skip the calls that have not started
            raise
    return results
