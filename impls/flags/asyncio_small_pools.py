"""Coroutines on one event loop that share several clients of few connections.

Execution unit: coroutines, all in one thread. httpx's connection pool looks through all its connections
for every request, so its cost grows with the square of what is in flight; here each pool has only a
few, and a semaphore of its own. Costs a client for every few requests in flight. Choose it for many
requests at a time with httpx and nothing else.
"""

import asyncio
from contextlib import AsyncExitStack
from itertools import cycle

import httpx

from impls.flags import Job, Outcome, client_options, failed, keep

CONNECTIONS = 5
"""Of each client, but for the last."""


def run(job: Job, *, workers: int) -> dict[str, Outcome]:
    return asyncio.run(download_all(job, workers))


async def download_all(job: Job, workers: int) -> dict[str, Outcome]:
    pools = []
    async with AsyncExitStack() as stack:
        for first in range(0, workers, CONNECTIONS):
            size = min(CONNECTIONS, workers - first)
            client = await stack.enter_async_context(httpx.AsyncClient(**client_options(job, size)))
            # In its order, the pool of each request: as often as the pool has connections.
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
