"""A ``multiprocessing.Pool`` with results in order of completion.

Execution unit: processes, in the pool that is older than ``concurrent.futures``. They share only its
pipes. ``imap_unordered`` yields each result as soon as it is ready, so every batch carries its index.
Costs three threads in the parent. If a worker is killed, the pool replaces it, but its batch is lost
and the program waits forever. A ``ProcessPoolExecutor`` raises an error instead.
Choose it for its unique features: workers that are replaced after n tasks, or results in order of
completion without a future each.
"""

import multiprocessing
from collections.abc import Sequence

from impls.primes import Job, primes_in

DEFAULT = False
START_METHOD = "forkserver"


def run(job: Job, *, workers: int) -> list[list[int]]:
    context = multiprocessing.get_context(START_METHOD)
    context.set_forkserver_preload([__name__])
    with context.Pool(workers) as pool:
        answers = dict(pool.imap_unordered(find, enumerate(job.batches)))
    return [answers[index] for index in range(len(job.batches))]


def find(task: tuple[int, Sequence[int]]) -> tuple[int, list[int]]:
    index, batch = task
    return index, primes_in(batch)
