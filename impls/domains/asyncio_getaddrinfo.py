"""Coroutines, with the loop's own ``getaddrinfo`` as it comes.

Execution unit: coroutines on one event loop, and behind each lookup a thread. ``loop.getaddrinfo`` is
the blocking one, run in the loop's default pool; that has min(32, cores + 4) threads, so no more names
are asked for at once, whatever the semaphore allows. They share that pool with everything else that
goes there, ``asyncio.to_thread`` included. Costs a task for each name. Choose it for a few names now
and then.
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
