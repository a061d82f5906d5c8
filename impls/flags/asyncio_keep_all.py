"""Coroutines run by gather whose client keeps all its connections.

Execution unit: coroutines, all in one thread. They share one ``httpx.AsyncClient`` that keeps a
connection for each request in flight. It differs from ``asyncio_gather`` only in that.
Costs CPU time that grows with the square of the requests in flight: for each request the pool of httpx
scans all its connections.
Choose it if a new connection is expensive, as over TLS or a long way, and few requests are in flight.
"""

import asyncio

import httpx

from impls.flags import Job, Outcome, failed, keep, tls_context

DEFAULT = ("all194",)
SERVERS = ("local",)  # the mock has no connections


def run(job: Job, *, workers: int) -> dict[str, Outcome]:
    return asyncio.run(download_all(job, workers))


async def download_all(job: Job, workers: int) -> dict[str, Outcome]:
    bound = asyncio.Semaphore(workers)
    limits = httpx.Limits(max_connections=workers, max_keepalive_connections=workers)
    async with httpx.AsyncClient(
        verify=tls_context(job.authority), timeout=job.timeout, follow_redirects=True, limits=limits
    ) as client:
        outcomes = await asyncio.gather(*(download(client, bound, job, code) for code in job.codes))
    return dict(zip(job.codes, outcomes, strict=True))


async def download(client: httpx.AsyncClient, bound: asyncio.Semaphore, job: Job, code: str) -> Outcome:
    async with bound:
        try:
            response = await client.get(job.url(code))
        except httpx.HTTPError as error:
            return failed(error)
        return keep(job, code, response.status_code, response.content)
