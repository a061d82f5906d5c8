"""A pool of processes that gets keys and sends back places.

Execution unit: processes, in a ``ProcessPoolExecutor``. They share nothing, and the records stay with
the caller. A worker gets the keys of its part. It returns their order as an array of places.
Costs a list of keys for each part. The caller still merges, and compares the keys of its records.
Choose it if keys are much smaller than records, and the work on them takes long.
"""

import multiprocessing
from array import array
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor

from impls.sorting import Job, Key, Record, key, merged

DEFAULT = False
START_METHOD = "forkserver"


def run(job: Job, *, workers: int) -> list[Record]:
    context = multiprocessing.get_context(START_METHOD)
    context.set_forkserver_preload([__name__])
    keys = ([key(record) for record in part] for part in job.parts)
    with ProcessPoolExecutor(workers, context) as pool:
        orders = pool.map(sort_keys, keys)
        parts = zip(job.parts, orders, strict=True)
        return merged([[part[place] for place in order] for part, order in parts])


def sort_keys(keys: Sequence[Key]) -> "array[int]":
    return array("L", sorted(range(len(keys)), key=keys.__getitem__))
