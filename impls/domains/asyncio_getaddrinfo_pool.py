"""The loop's ``getaddrinfo`` with a default pool that is large enough.

Execution unit: coroutines on one event loop, and a thread for each lookup. The program gives the loop a
default pool with one thread per name in flight. The pool size is the bound, so no semaphore is needed.
They share the pool with everything else that uses it.
Costs a stack for each name in flight.
Choose it if an asynchronous program, or its HTTP client, looks up many names. It takes one line at the
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
