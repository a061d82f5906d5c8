"""All records in one sort.

Execution unit: the main thread only. There are no parts, and there is nothing to merge.
Costs nothing. The other models are compared with it.
"""

from itertools import chain

from impls.sorting import Job, Record, sort

DEFAULT = False
WORKERS = 1


def run(job: Job, *, workers: int) -> list[Record]:
    return sort(list(chain.from_iterable(job.parts)))
