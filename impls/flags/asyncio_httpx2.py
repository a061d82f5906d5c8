"""Coroutines run by gather that share one httpx2 client.

Execution unit: coroutines, all in one thread. They share one ``httpx2.AsyncClient``. A semaphore bounds
the requests in flight. httpx2 continues httpx under a new name. It differs from ``asyncio_gather`` in
the client, above all in the connection pool.
Costs a package to install.
Choose it to replace httpx and keep the calls.
"""

import asyncio

import httpx2

from impls.flags import Job, Outcome, failed, keep, tls_context

DEFAULT = False
REQUIRES = ("httpx2",)
SERVERS = ("local",)  # the mock works with httpx only


def run(job: Job, *, workers: int) -> dict[str, Outcome]:
    return asyncio.run(download_all(job, workers))


async def download_all(job: Job, workers: int) -> dict[str, Outcome]:
    bound = asyncio.Semaphore(workers)
    async with httpx2.AsyncClient(
        verify=tls_context(job.authority), timeout=job.timeout, follow_redirects=True
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
