"""Threads that count each event into one Counter, under one lock.

Execution unit: threads, in a ``ThreadPoolExecutor``. They share the counts and a lock. Without the
lock, two threads could read the same count, and one event would be lost.
Costs a lock for each event, and a wait whenever another thread has it. On a free-threaded build,
threads that all want one lock are slower than one thread.
Choose it for rare events: what you count must take far longer than the counting.
"""

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

from impls.shared import Batch, Job, events

DEFAULT = False


def run(job: Job, *, workers: int) -> Counter[int]:
    counts: Counter[int] = Counter()
    lock = threading.Lock()

    def count(batch: Batch) -> None:
        for key in events(batch):
            with lock:
                counts[key] += 1

    with ThreadPoolExecutor(workers) as pool:
        list(pool.map(count, job.batches))
    return counts
