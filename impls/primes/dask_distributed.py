"""Tasks on a Dask cluster, as many at a time as were asked for.

Execution unit: whatever the cluster's workers run tasks in; this program is a client and reaches them
through their scheduler, on any host. They share nothing, and must be able to import this module.
Costs a cluster that runs already, and some milliseconds of scheduler for each task, which are paid
back where a task takes longer than that. A cluster takes all tasks at once: the window is what holds
the bound. Choose it for work that needs more than one machine, or whose tasks depend on each other.
"""

import itertools
from collections.abc import Sequence

from distributed import Client, as_completed

from impls.primes import Job, primes_in

REQUIRES = ("distributed",)
CLUSTER = "dask"
DEFAULT = False


def run(job: Job, *, workers: int) -> list[list[int]]:
    answers: list[list[int]] = [[] for _ in job.batches]
    waiting = iter(enumerate(job.batches))
    with Client(job.cluster, set_as_default=False) as client:
        # Not pure, or the scheduler would remember the answer of a task it has seen before.
        in_flight = as_completed(
            [client.submit(find, task, pure=False) for task in itertools.islice(waiting, workers)],
            loop=client.loop,
        )
        for done in in_flight:
            index, primes = done.result()
            answers[index] = primes
            if (task := next(waiting, None)) is not None:
                in_flight.add(client.submit(find, task, pure=False))
    return answers


def find(task: tuple[int, Sequence[int]]) -> tuple[int, list[int]]:
    index, batch = task
    return index, primes_in(batch)
