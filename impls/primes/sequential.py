"""One batch after the other.

Execution unit: the main thread only.
Costs nothing. The other models are compared with it.
"""

from impls.primes import Job, primes_in

DEFAULT = ("below_50k", "medium")
WORKERS = 1
GATE = ("below_50k",)


def run(job: Job, *, workers: int) -> list[list[int]]:
    return [primes_in(batch) for batch in job.batches]
