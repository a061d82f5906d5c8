"""Threads that count into shards of the keys, each with its own lock.

Execution unit: threads, in a ``ThreadPoolExecutor``. They share the shards. The hash of a key selects
its shard, so two threads meet only if they count keys of the same shard at the same moment.
Costs a lock and a look-up of the shard for each event, contended or not. With few keys, or one very
frequent key, the threads still meet.
Choose it if others must see every event at once, and there are many keys.
"""

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

from impls.shared import Batch, Job, events

DEFAULT = False
SHARDS_PER_WORKER = 16


def run(job: Job, *, workers: int) -> Counter[int]:
    number = workers * SHARDS_PER_WORKER
    shards: list[tuple[threading.Lock, Counter[int]]] = [
        (threading.Lock(), Counter()) for _ in range(number)
    ]

    def count(batch: Batch) -> None:
        for key in events(batch):
            lock, counts = shards[hash(key) % number]
            with lock:
                counts[key] += 1

    with ThreadPoolExecutor(workers) as pool:
        list(pool.map(count, job.batches))
    # No key is in two shards.
    return Counter({key: count for _, counts in shards for key, count in counts.items()})
