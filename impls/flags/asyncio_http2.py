"""Coroutines run by gather that share one connection of HTTP/2.

Execution unit: coroutines, all in one thread. They share one ``httpx.AsyncClient`` that speaks HTTP/2,
if the server does: then all requests in flight share one connection. A semaphore bounds them. It
differs from ``asyncio_gather`` only in that.
Costs a package to install, whose protocol is pure Python: CPU time for each request, but only one TLS
handshake for all, and no pool to search.
Choose it if connections are expensive and the server speaks HTTP/2.
"""

import asyncio

import httpx

from impls.flags import Job, Outcome, failed, keep, tls_context

CASES = ("all194_h2",)
REQUIRES = ("h2",)


def run(job: Job, *, workers: int) -> dict[str, Outcome]:
    return asyncio.run(download_all(job, workers))


async def download_all(job: Job, workers: int) -> dict[str, Outcome]:
    bound = asyncio.Semaphore(workers)
    async with httpx.AsyncClient(
        http2=True, verify=tls_context(job.authority), timeout=job.timeout, follow_redirects=True
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
