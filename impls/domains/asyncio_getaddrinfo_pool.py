"""The loop's ``getaddrinfo``, with a default pool that is large enough.

Execution unit: coroutines on one event loop, and behind each lookup a thread. The loop is given a
default pool of as many threads as names may be in flight: that is the bound, and no semaphore is
needed. They share the pool with everything else that goes there. Costs a stack for each name in flight.
Choose it where an asynchronous program, or its HTTP client, looks up many names; it is one line at the
start.
"""

import asyncio
import socket
from concurrent.futures import ThreadPoolExecutor

from impls.domains import Arrivals, Job, Result, absent

DEFAULT = ("short18",)


def run(job: Job, *, workers: int) -> Arrivals:
    return asyncio.run(probe_all(job, workers))


async def probe_all(job: Job, workers: int) -> Arrivals:
    arrivals = Arrivals()
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(workers))
    for next_one in asyncio.as_completed([probe(domain) for domain in job.domains]):
        arrivals.add(await next_one)
    return arrivals


async def probe(domain: str) -> Result:
    try:
        await asyncio.get_running_loop().getaddrinfo(domain, None)
    except socket.gaierror as error:
        return absent(domain, error)
    return Result(domain, True)
