"""A pool of threads; results are taken as they come.

Execution unit: threads, in a ``ThreadPoolExecutor``. They share everything. ``as_completed`` hands over
whichever future is done next. Costs what ``threaded`` costs, and a set of all futures to look after.
Choose it over ``map`` to go on with a result while the slow ones are still under way, or to show
progress; tasks may then also be of different kinds.
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
            pool.shutdown(cancel_futures=True)  # what has not begun need not
            raise
    return results
