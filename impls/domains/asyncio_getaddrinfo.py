"""Coroutines with the loop's ``getaddrinfo`` and its default pool.

Execution unit: coroutines on one event loop, and a thread for each lookup. ``loop.getaddrinfo`` runs
the blocking function in the loop's default pool. That pool has min(32, cores + 4) threads. This limits
the names in flight, even if the semaphore allows more. They share the pool with everything else that
uses it, including ``asyncio.to_thread``.
Costs a task for each name.
Choose it for a few occasional lookups.
"""

import asyncio
import socket

from impls.domains import Arrivals, Job, Result, absent

DEFAULT = ("short18",)


def run(job: Job, *, workers: int) -> Arrivals:
    return asyncio.run(probe_all(job, workers))


async def probe_all(job: Job, workers: int) -> Arrivals:
    arrivals = Arrivals()
    bound = asyncio.Semaphore(workers)
    for next_one in asyncio.as_completed([probe(bound, domain) for domain in job.domains]):
        arrivals.add(await next_one)
    return arrivals


async def probe(bound: asyncio.Semaphore, domain: str) -> Result:
    async with bound:
        try:
            await asyncio.get_running_loop().getaddrinfo(domain, None)
        except socket.gaierror as error:
            return absent(domain, error)
        return Result(domain, True)
