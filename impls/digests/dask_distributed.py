"""Tasks on a Dask cluster, with a limit on the tasks in flight.

Execution unit: that of the cluster's workers. This program is a client and reaches the workers through
their scheduler, on any host. They share nothing: a buffer travels with its task to the scheduler and
from there to a worker. The answer comes back. A cluster accepts all tasks at once, so this program
enforces the bound with a window.
Costs a running cluster, and several transfers of every byte.
Choose it if the data is already on the cluster, or can be read there. Sending megabytes for a few
hundredths of a second of work costs more than the work.
"""

import itertools

from distributed import Client, as_completed

from impls.digests import Job, Packed, pack

REQUIRES = ("distributed",)
CLUSTER = "dask"
DEFAULT = False


def run(job: Job, *, workers: int) -> list[Packed]:
    answers: dict[int, Packed] = {}
    waiting = iter(enumerate(job.buffers))
    with Client(job.cluster, set_as_default=False) as client:
        # pure=False: otherwise the scheduler would reuse the answer of an earlier task.
        in_flight = as_completed(
            [client.submit(pack_task, task, pure=False) for task in itertools.islice(waiting, workers)],
            loop=client.loop,
        )
        for done in in_flight:
            index, packed = done.result()
            answers[index] = packed
            if (task := next(waiting, None)) is not None:
                in_flight.add(client.submit(pack_task, task, pure=False))
    return [answers[index] for index in range(len(job.buffers))]


def pack_task(task: tuple[int, bytes]) -> tuple[int, Packed]:
    index, buffer = task
    return index, pack(buffer)
