"""Threads that append each event to one list, which is counted at the end.

Execution unit: threads, in a ``ThreadPoolExecutor``. They share a list. ``list.append`` is atomic, with
the interpreter lock and without it, so no event is lost and no lock is needed.
Costs memory for every event until the end. On a free-threaded build every append takes the list's own
lock, so threads wait for each other.
Choose it for few events, such as errors or results, whose order of arrival may matter.
"""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

from impls.shared import Batch, Job, events

DEFAULT = False


def run(job: Job, *, workers: int) -> Counter[int]:
    arrived: list[int] = []

    def collect(batch: Batch) -> None:
        for key in events(batch):
            arrived.append(key)  # noqa: PERF402  # each event when it occurs is the point

    with ThreadPoolExecutor(workers) as pool:
        list(pool.map(collect, job.batches))
    return Counter(arrived)
