"""Coroutines that share several clients with few connections each.

Execution unit: coroutines, all in one thread. Each client has a pool of few connections, all of which
it keeps, and its own semaphore. One large pool either closes most connections after each request, as
httpx comes, or scans all that it keeps for each request.
Costs one client for every few requests in flight.
Choose it to keep many connections if httpx is the only client you can use.
"""

import asyncio
from contextlib import AsyncExitStack
from itertools import cycle

import httpx

from impls.flags import Job, Outcome, failed, keep, tls_context

DEFAULT = False

CONNECTIONS = 5
"""Connections of each client; the last one may have fewer."""


def run(job: Job, *, workers: int) -> dict[str, Outcome]:
    return asyncio.run(download_all(job, workers))


async def download_all(job: Job, workers: int) -> dict[str, Outcome]:
    pools = []
    async with AsyncExitStack() as stack:
        for first in range(0, workers, CONNECTIONS):
            size = min(CONNECTIONS, workers - first)
            client = await stack.enter_async_context(
                httpx.AsyncClient(
                    verify=tls_context(job.authority), timeout=job.timeout, follow_redirects=True
                )
            )
            # Requests cycle through this list: each pool occurs once per connection.
            pools += [(client, asyncio.Semaphore(size))] * size
        outcomes = await asyncio.gather(
            *(download(*pool, job, code) for pool, code in zip(cycle(pools), job.codes, strict=False))
        )
    return dict(zip(job.codes, outcomes, strict=True))


async def download(client: httpx.AsyncClient, bound: asyncio.Semaphore, job: Job, code: str) -> Outcome:
    async with bound:
        try:
            response = await client.get(job.url(code))
        except httpx.HTTPError as error:
            return failed(error)
        return keep(job, code, response.status_code, response.content)
