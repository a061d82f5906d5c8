"""Threads that put each event into a queue, and one that counts.

Execution unit: threads, in a ``ThreadPoolExecutor``, and the main thread, which alone counts. They
share a queue.
Costs a trip through the queue for each event, and often a switch between threads. The counting thread
is the limit, however many others there are.
Choose it if the events come rarely, or put a whole batch into the queue at a time.
"""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue

from impls.shared import Batch, Job, events

DEFAULT = False


def run(job: Job, *, workers: int) -> Counter[int]:
    queue: SimpleQueue[int | None] = SimpleQueue()

    def send(batch: Batch) -> None:
        try:
            for key in events(batch):
                queue.put(key)
        finally:
            queue.put(None)  # also after an error: the main thread waits for the end of each batch

    counts: Counter[int] = Counter()
    with ThreadPoolExecutor(workers) as pool:
        sent = [pool.submit(send, batch) for batch in job.batches]
        for _ in sent:
            counts.update(iter(queue.get, None))
        for each in sent:
            each.result()
    return counts
