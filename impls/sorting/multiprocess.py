"""A pool of processes that gets dicts and sends them back.

Execution unit: processes, in a ``ProcessPoolExecutor``. They share nothing: every record is pickled and
made anew in the worker, and again in the caller, which gets copies of its records.
Costs more for a dict than to sort it.
Choose it for work that takes far longer than to copy its input twice.
"""

import multiprocessing
from concurrent.futures import ProcessPoolExecutor

from impls.sorting import Job, Record, merged, sort

DEFAULT = False
START_METHOD = "forkserver"


def run(job: Job, *, workers: int) -> list[Record]:
    context = multiprocessing.get_context(START_METHOD)
    context.set_forkserver_preload([__name__])
    with ProcessPoolExecutor(workers, context) as pool:
        return merged(list(pool.map(sort, job.parts)))
