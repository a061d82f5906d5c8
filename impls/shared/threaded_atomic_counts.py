"""Threads that share an ``itertools.count`` for each key.

Execution unit: threads, in a ``ThreadPoolExecutor``. They share a dict of counters. ``next(counter)``
is one step in C: the interpreter lock protects it, and free-threaded builds use an atomic instruction
(python/cpython issue 117657). ``dict.setdefault`` is atomic, too.
Costs two look-ups for each event, which may be slow on 3.13t, as in ``threaded_lock_per_batch``.
Documentation promises none of it for ``itertools``, and reading the value counts once more.
Choose it for a few numbers that many threads count, such as identifiers. For totals, count privately.
"""

import itertools
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

from impls.shared import Batch, Job, events

DEFAULT = False


def run(job: Job, *, workers: int) -> Counter[int]:
    counters: dict[int, itertools.count[int]] = {}

    def count(batch: Batch) -> None:
        for key in events(batch):
            counter = counters.get(key)
            if counter is None:
                counter = counters.setdefault(key, itertools.count())
            next(counter)

    with ThreadPoolExecutor(workers) as pool:
        list(pool.map(count, job.batches))
    return Counter({key: next(counter) for key, counter in counters.items()})
