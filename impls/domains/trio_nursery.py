"""Tasks of trio, in a nursery, that look names up in trio's threads.

Execution unit: trio's tasks, and behind each lookup a thread: ``trio.socket.getaddrinfo`` runs the
blocking one in a thread of trio's cache, of which 40 at most are in use at once unless its default
limiter is changed. They share what is on one thread; a limiter holds the bound. Costs a package to
install, and threads that stay for ten idle seconds. Choose it in programs that use trio anyway.
"""

import socket

import trio

from impls.domains import Arrivals, Job, Result, absent

DEFAULT = False
REQUIRES = ("trio",)


def run(job: Job, *, workers: int) -> Arrivals:
    return trio.run(probe_all, job, workers)


async def probe_all(job: Job, workers: int) -> Arrivals:
    arrivals = Arrivals()
    bound = trio.CapacityLimiter(workers)

    async def probe_one(domain: str) -> None:
        async with bound:
            arrivals.add(await probe(domain))

    async with trio.open_nursery() as nursery:
        for domain in job.domains:
            nursery.start_soon(probe_one, domain)
    return arrivals


async def probe(domain: str) -> Result:
    try:
        await trio.socket.getaddrinfo(domain, None)
    except socket.gaierror as error:
        return absent(domain, error)
    return Result(domain, True)
