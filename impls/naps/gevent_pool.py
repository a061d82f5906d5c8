"""Greenlets in a pool, with results in order of completion.

Execution unit: greenlets, all in one thread, in a pool of gevent. They share everything. The pool
starts a greenlet as soon as one of its places is free. ``gevent.sleep`` switches to another greenlet,
as ``time.sleep`` would after ``monkey.patch_all``.
Costs a greenlet with its own stack for each task, and a trip through a queue for each result.
Choose it if blocking code must wait for thousands of tasks at once, and its libraries work with gevent.
"""

import gevent
from gevent.pool import Pool

from impls.naps import Job, Results, Task

DEFAULT = False
REQUIRES = ("gevent",)


def run(job: Job, *, workers: int) -> Results:
    results = Results(in_order=False)
    pool = Pool(workers)
    try:
        for value in pool.imap_unordered(nap, job.tasks):
            results.take(value)
    finally:
        pool.kill()
    return results


def nap(task: Task) -> int:
    gevent.sleep(task.seconds)
    return task.answer
