"""One batch after the other, into one Counter.

Execution unit: the main thread only.
Costs nothing. The other models are compared with it.
"""

from collections import Counter

from impls.shared import Job, events

DEFAULT = False
WORKERS = 1


def run(job: Job, *, workers: int) -> Counter[int]:
    counts: Counter[int] = Counter()
    for batch in job.batches:
        counts.update(events(batch))
    return counts
