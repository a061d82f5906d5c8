"""Tasks of curio, in a group, that look names up in curio's threads.

Execution unit: curio's tasks, and behind each lookup a thread: ``curio.socket.getaddrinfo`` runs the
blocking one in a pool of at most 64. They share what is on one thread; a semaphore holds the bound. The
group hands over each task as it ends, and none outlives it. Costs a package to install that is not
developed any more. Choose it to learn from: its source is short and plain.
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
