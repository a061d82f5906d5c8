"""Tasks on a Dask cluster, as many at a time as were asked for.

Execution unit: whatever the cluster's workers run tasks in; this program is a client and reaches them
through their scheduler, on any host. They share nothing: a buffer travels with its task, first to the
scheduler and from there to a worker, and the answer comes back. Costs a cluster that runs already,
and every byte several times. A cluster takes all tasks at once: the window is what holds the bound.
Choose it where the data is on the cluster already, or can be read there; to send megabytes for a few
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
        # Not pure, or the scheduler would remember the answer of a task it has seen before.
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
