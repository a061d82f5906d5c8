"""Tasks on a Dask cluster, with a limit on the tasks in flight.

Execution unit: that of the cluster's workers. This program is a client and reaches the workers through
their scheduler, on any host. They share nothing, and must be able to import this module. A cluster
accepts all tasks at once, so this program enforces the bound with a window.
Costs a running cluster, and some milliseconds of scheduler time for each task. That pays off for tasks
that take longer.
Choose it for work that needs more than one machine, or whose tasks depend on each other.
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
        # pure=False: otherwise the scheduler would reuse the answer of an earlier task.
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
