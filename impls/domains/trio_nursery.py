"""Tasks of trio in a nursery, with lookups in trio's threads.

Execution unit: trio tasks, and a thread for each lookup. ``trio.socket.getaddrinfo`` runs the blocking
function in a thread of trio's cache. At most 40 of them run at once, unless the default limiter of trio
is changed. The tasks share one thread and all its data. A limiter bounds the names in flight.
Costs a package to install, and threads that exit only after ten idle seconds.
Choose it in programs that already use trio.
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
