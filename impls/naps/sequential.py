"""One nap after the other.

Execution unit: the main thread only, so the naps add up.
Costs nothing besides the naps. It shows how much longer a nap takes than requested.
"""

from impls.naps import Job, Results, nap

DEFAULT = False
CASES = ("tasks_5_longest_first", "tasks_5", "tasks_10", "tasks_1k")
WORKERS = 1


def run(job: Job, *, workers: int) -> Results:
    results = Results(in_order=True)
    for task in job.tasks:
        results.take(nap(task))
    return results
