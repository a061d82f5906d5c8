"""Tasks on a Ray cluster, with a limit on the tasks in flight.

Execution unit: worker processes of the cluster, on any host. They share nothing but an object store,
and must be able to import this module. A cluster accepts all tasks at once, so this program enforces
the bound with a window.
Costs a running cluster, and a second or two for each program that connects to it: the cluster starts
new workers for each. A Dask cluster keeps its own for all. Both rows contain the connection, because
``run`` makes it, and neither contains the start of the cluster. After that a task costs less than one
of Dask, because it goes to a worker directly.
Choose it for programs that run for minutes, on more than one machine, or with objects that live there.
"""

import itertools

import ray

from impls.primes import Job, primes_in

REQUIRES = ("ray",)
CLUSTER = "ray"
DEFAULT = False
OWN_PROCESS = True  # the client's threads stay, and so does its handler of SIGTERM


def run(job: Job, *, workers: int) -> list[list[int]]:
    answers: list[list[int]] = [[] for _ in job.batches]
    waiting = iter(enumerate(job.batches))
    with ray.init(address=job.cluster, log_to_driver=False, configure_logging=False):
        find = ray.remote(primes_in)
        first = itertools.islice(waiting, workers)
        in_flight = {find.remote(batch): index for index, batch in first}
        while in_flight:
            [done], _ = ray.wait([*in_flight])
            try:
                answers[in_flight.pop(done)] = ray.get(done)
            except ray.exceptions.RayTaskError as error:
                raise error.cause from None  # the work's own error; Ray's cannot be pickled
            if (task := next(waiting, None)) is not None:
                index, batch = task
                in_flight[find.remote(batch)] = index
    return answers
