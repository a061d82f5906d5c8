"""Tasks on a Ray cluster, with a limit on the tasks in flight.

Execution unit: worker processes of the cluster, on any host. They share an object store: a buffer is
copied into it once, and every worker of that host reads it there. The answer comes back the same way. A
cluster accepts all tasks at once, so this program enforces the bound with a window.
Costs a running cluster, a copy of every byte each way, and a second or two for each program that
connects to it: the cluster starts new workers for each. The row contains the connection, as that of
``dask_distributed`` does, and not the start of the cluster.
Choose it if many tasks read the same large objects, or if the data is already on the cluster.
"""

import itertools

import ray

from impls.digests import Job, Packed, pack

REQUIRES = ("ray",)
CLUSTER = "ray"
DEFAULT = False
OWN_PROCESS = True  # the client's threads stay, and so does its handler of SIGTERM


def run(job: Job, *, workers: int) -> list[Packed]:
    answers: dict[int, Packed] = {}
    waiting = iter(enumerate(job.buffers))
    with ray.init(address=job.cluster, log_to_driver=False, configure_logging=False):
        pack_buffer = ray.remote(pack)
        first = itertools.islice(waiting, workers)
        in_flight = {pack_buffer.remote(buffer): index for index, buffer in first}
        while in_flight:
            [done], _ = ray.wait([*in_flight])
            try:
                answers[in_flight.pop(done)] = ray.get(done)
            except ray.exceptions.RayTaskError as error:
                raise error.cause from None  # the work's own error; Ray's cannot be pickled
            if (task := next(waiting, None)) is not None:
                index, buffer = task
                in_flight[pack_buffer.remote(buffer)] = index
    return [answers[index] for index in range(len(job.buffers))]
