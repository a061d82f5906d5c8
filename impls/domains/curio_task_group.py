"""Tasks of curio in a group, with lookups in curio's threads.

Execution unit: curio tasks, and a thread for each lookup. ``curio.socket.getaddrinfo`` runs the
blocking function in a pool of at most 64 threads. The tasks share one thread and all its data. A
semaphore bounds the names in flight. The group yields each task as it ends, and no task outlives the
group.
Costs the installation of a package that is no longer developed.
Choose it to learn from: its source is short and plain.
"""

import socket

import curio
import curio.socket

from impls.domains import Arrivals, Job, Result, absent

DEFAULT = False
REQUIRES = ("curio",)
PYTHON = "<3.12"


def run(job: Job, *, workers: int) -> Arrivals:
    arrivals: Arrivals = curio.run(probe_all, job, workers)
    return arrivals


async def probe_all(job: Job, workers: int) -> Arrivals:
    arrivals = Arrivals()
    bound = curio.Semaphore(workers)
    async with curio.TaskGroup() as group:
        for domain in job.domains:
            await group.spawn(probe, bound, domain)
        async for task in group:
            arrivals.add(task.result)
    return arrivals


async def probe(bound: curio.Semaphore, domain: str) -> Result:
    async with bound:
        try:
            await curio.socket.getaddrinfo(domain, None)
        except socket.gaierror as error:
            return absent(domain, error)
        return Result(domain, True)
