"""All results in one list, from gather.

Execution unit: coroutines on one event loop. Each lookup runs in a thread of the loop's default pool,
which is large enough for all of them. They share that pool. ``gather`` returns all results at once, in
the order of the names, after the last lookup ends.
Costs the same as ``asyncio_getaddrinfo_pool``, plus the wait for the slowest name before the first
result is available.
Choose it if nothing can start before all results are known.
"""

import asyncio
import socket
from concurrent.futures import ThreadPoolExecutor

from impls.domains import Arrivals, Job, Result, absent

DEFAULT = False


def run(job: Job, *, workers: int) -> Arrivals:
    return asyncio.run(probe_all(job, workers))


async def probe_all(job: Job, workers: int) -> Arrivals:
    arrivals = Arrivals()
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(workers))
    for result in await asyncio.gather(*(probe(domain) for domain in job.domains)):
        arrivals.add(result)
    return arrivals


async def probe(domain: str) -> Result:
    try:
        await asyncio.get_running_loop().getaddrinfo(domain, None)
    except socket.gaierror as error:
        return absent(domain, error)
    return Result(domain, True)
