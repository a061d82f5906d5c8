"""Coroutines that share several clients with few connections each.

Execution unit: coroutines, all in one thread. The connection pool of httpx scans all its connections
for every request, so its cost grows with the square of the requests in flight. In this model each pool
has only a few connections and its own semaphore.
Costs one client for every few requests in flight.
Choose it for many concurrent requests if httpx is the only client you can use.
"""

import asyncio
from contextlib import AsyncExitStack
from itertools import cycle

import httpx

from impls.flags import Job, Outcome, client_options, failed, keep

CONNECTIONS = 5
"""Connections of each client; the last one may have fewer."""


def run(job: Job, *, workers: int) -> dict[str, Outcome]:
    return asyncio.run(download_all(job, workers))


async def download_all(job: Job, workers: int) -> dict[str, Outcome]:
    pools = []
    async with AsyncExitStack() as stack:
        for first in range(0, workers, CONNECTIONS):
            size = min(CONNECTIONS, workers - first)
            client = await stack.enter_async_context(httpx.AsyncClient(**client_options(job, size)))
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
