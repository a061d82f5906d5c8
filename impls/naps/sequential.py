"""One nap after the other.

Execution unit: none but the program itself, so naps add up. Costs nothing beside the naps; what it
shows is by how much a nap is longer than was asked for.
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
