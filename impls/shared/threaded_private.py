"""Threads with a Counter each, merged at the end.

Execution unit: threads, in a ``ThreadPoolExecutor``. They share nothing while they count: each takes
its part of the batches, and returns its own Counter.
Costs memory for the keys of each thread, and one merge for each thread at the end.
Choose it whenever the counts are needed only at the end. It needs no lock, and on a free-threaded build
it uses all cores.
"""

from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from impls.shared import Batch, Job, events

DEFAULT = False


def run(job: Job, *, workers: int) -> Counter[int]:
    parts = [job.batches[worker::workers] for worker in range(workers)]
    total: Counter[int] = Counter()
    with ThreadPoolExecutor(workers) as pool:
        for counts in pool.map(count, parts):
            total.update(counts)
    return total


def count(batches: Sequence[Batch]) -> Counter[int]:
    counts: Counter[int] = Counter()
    for batch in batches:
        counts.update(events(batch))
    return counts
