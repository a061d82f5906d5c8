"""Processes with a Counter each, merged at the end.

Execution unit: processes, in a ``ProcessPoolExecutor``. They share nothing. Seeds go there, and one
Counter for each process comes back.
Costs starting the processes, and pickling one Counter for each of them.
Choose it with the interpreter lock, if the events take long to compute.
"""

import multiprocessing
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor

from impls.shared import Batch, Job, events

DEFAULT = False
START_METHOD = "forkserver"


def run(job: Job, *, workers: int) -> Counter[int]:
    context = multiprocessing.get_context(START_METHOD)
    context.set_forkserver_preload([__name__])
    parts = [job.batches[worker::workers] for worker in range(workers)]
    total: Counter[int] = Counter()
    with ProcessPoolExecutor(workers, context) as pool:
        for counts in pool.map(count, parts):
            total.update(counts)
    return total


def count(batches: Sequence[Batch]) -> Counter[int]:
    counts: Counter[int] = Counter()
    for batch in batches:
        counts.update(events(batch))
    return counts
