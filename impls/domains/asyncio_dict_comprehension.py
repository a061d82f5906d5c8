"""An asynchronous comprehension, of a dictionary, over an asynchronous generator.

Execution unit: coroutines on one event loop, and behind each lookup a thread of the loop's default
pool, made large enough. They share that pool. All lookups are on their way before the first result is
taken, unlike in a comprehension that awaits each; results stand in the dictionary in the order in which
they came, and it is there when the last one is. Costs what ``asyncio_generator`` does, and the wait for
the slowest name. Choose it to pick out, or to change, results of which all are needed.
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
    known = {domain: found async for domain, found in multi_probe(job.domains)}
    for domain, found in known.items():
        arrivals.add(Result(domain, found))
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
