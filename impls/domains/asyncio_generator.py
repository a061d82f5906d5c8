"""An asynchronous generator of results in order of completion.

Execution unit: coroutines on one event loop. Each lookup runs in a thread of the loop's default pool,
which is large enough for all of them. ``async for`` takes each result as soon as it is ready. The
consumer need not know how many lookups are in flight.
Costs the same as ``asyncio_getaddrinfo_pool``. If the consumer stops early, the other lookups keep
running, because ``as_completed`` cancels none.
Choose it to pass results on one by one.
"""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterable
from concurrent.futures import ThreadPoolExecutor

from impls.domains import Arrivals, Job, Result, absent

DEFAULT = False


def run(job: Job, *, workers: int) -> Arrivals:
    return asyncio.run(probe_all(job, workers))


async def probe_all(job: Job, workers: int) -> Arrivals:
    arrivals = Arrivals()
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(workers))
    async for result in multi_probe(job.domains):
        arrivals.add(result)
    return arrivals


async def multi_probe(domains: Iterable[str]) -> AsyncIterator[Result]:
    for next_one in asyncio.as_completed([probe(domain) for domain in domains]):
        yield await next_one


async def probe(domain: str) -> Result:
    try:
        await asyncio.get_running_loop().getaddrinfo(domain, None)
    except socket.gaierror as error:
        return absent(domain, error)
    return Result(domain, True)
