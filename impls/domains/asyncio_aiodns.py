"""Coroutines with an asynchronous resolver that waits without threads.

Execution unit: coroutines on one event loop. They share one resolver. Its C library, c-ares, keeps all
queries in flight on its own socket, watched by a single thread of its own. A semaphore bounds the names
in flight.
Costs a package to install. It also omits what libc does besides DNS: no ``/etc/hosts``, no system
cache, no other sources of names.
Choose it for thousands of names.
"""

import asyncio

import aiodns

from impls.domains import Arrivals, Job, Result

DEFAULT = ("short18",)
REQUIRES = ("aiodns",)

NO_ADDRESS = (aiodns.error.ARES_ENOTFOUND, aiodns.error.ARES_ENODATA)


def run(job: Job, *, workers: int) -> Arrivals:
    return asyncio.run(probe_all(job, workers))


async def probe_all(job: Job, workers: int) -> Arrivals:
    arrivals = Arrivals()
    bound = asyncio.Semaphore(workers)
    async with aiodns.DNSResolver([job.nameserver], udp_port=job.port) as resolver:
        probes = [probe(resolver, bound, domain) for domain in job.domains]
        for next_one in asyncio.as_completed(probes):
            arrivals.add(await next_one)
    return arrivals


async def probe(resolver: aiodns.DNSResolver, bound: asyncio.Semaphore, domain: str) -> Result:
    async with bound:
        try:
            await resolver.query_dns(domain, "A")
        except aiodns.error.DNSError as error:
            return Result(domain, False if error.args[0] in NO_ADDRESS else None)
        return Result(domain, True)
