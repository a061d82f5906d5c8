"""A ``multiprocessing.Pool`` whose results are taken as they come.

Execution unit: processes, in the pool that is older than ``concurrent.futures``. They share nothing but
its pipes. ``imap_unordered`` gives each result as soon as it is there, so every batch carries its
place. Costs three threads in the parent; and a worker that is killed is replaced, but its batch is lost
and the program waits for it for ever, where a ``ProcessPoolExecutor`` says so. Choose it for what only
it has: workers renewed after a number of tasks, or results in the order they are ready, without a
future for each.
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
