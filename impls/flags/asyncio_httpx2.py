"""Coroutines on one event loop, gathered, that share one client of httpx2.

Execution unit: coroutines, all in one thread. They share one ``httpx2.AsyncClient``; a semaphore holds
the bound. httpx2 is httpx carried on under a new name; what differs from ``asyncio_gather`` is the
client, and its pool above all. Costs a package to install. Choose it where httpx is to be replaced and
the calls are to stay.
"""

import asyncio

import httpx2

from impls.flags import Job, Outcome, failed, keep, tls_context

DEFAULT = False
REQUIRES = ("httpx2",)
SERVERS = ("local",)  # the mock is httpx's


def run(job: Job, *, workers: int) -> dict[str, Outcome]:
    return asyncio.run(download_all(job, workers))


async def download_all(job: Job, workers: int) -> dict[str, Outcome]:
    bound = asyncio.Semaphore(workers)
    async with httpx2.AsyncClient(
        verify=tls_context(),
        timeout=job.timeout,
        follow_redirects=True,
        limits=httpx2.Limits(max_connections=workers, max_keepalive_connections=workers),
    ) as client:
        outcomes = await asyncio.gather(*(download(client, bound, job, code) for code in job.codes))
    return dict(zip(job.codes, outcomes, strict=True))


async def download(
    client: httpx2.AsyncClient, bound: asyncio.Semaphore, job: Job, code: str
) -> Outcome:
    async with bound:
        try:
            response = await client.get(job.url(code))
        except httpx2.HTTPError as error:
            return failed(error)
        return keep(job, code, response.status_code, response.content)
