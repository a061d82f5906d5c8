"""Threads that count into one dict, each under keys of its own.

Execution unit: threads, in a ``ThreadPoolExecutor``. They share a dict. Each writes only keys that
start with its own number, so no two threads ever write the same count, and no lock is needed.
Costs a tuple for each event. On a free-threaded build the dict has a lock of its own, which every write
takes: threads wait for each other although they never touch the same key.
Choose it never: ``threaded_private`` is as simple. This model shows what sharing the dict alone costs.
"""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

from impls.shared import Job, events

DEFAULT = False


def run(job: Job, *, workers: int) -> Counter[int]:
    counts: dict[tuple[int, int], int] = {}

    def count(worker: int) -> None:
        for batch in job.batches[worker::workers]:
            for key in events(batch):
                own = worker, key
                counts[own] = counts.get(own, 0) + 1

    with ThreadPoolExecutor(workers) as pool:
        list(pool.map(count, range(workers)))
    total: Counter[int] = Counter()
    for (_, key), number in counts.items():
        total[key] += number
    return total
