"""An asynchronous generator of results, as they come.

Execution unit: coroutines on one event loop, and behind each lookup a thread of the loop's default
pool, made large enough. ``async for`` takes each result when it is there, and who takes them need not
know how many lookups are on their way. Costs what ``asyncio_getaddrinfo_pool`` does; and who stops
early leaves the other lookups running, for ``as_completed`` ends none. Choose it to hand results on one
by one.
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
