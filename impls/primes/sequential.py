"""One batch after the other.

Execution unit: none but the main thread. Costs nothing: it is what the others are compared with.
"""

from impls.primes import Job, primes_in

WORKERS = 1
GATE = ("below_50k",)


def run(job: Job, *, workers: int) -> list[list[int]]:
    return [primes_in(batch) for batch in job.batches]
