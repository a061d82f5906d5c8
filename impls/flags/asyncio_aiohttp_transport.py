"""Coroutines run by gather that share one httpx client over aiohttp.

Execution unit: coroutines, all in one thread. They share one httpx client whose connections come from
aiohttp. A semaphore bounds the requests in flight. The calls stay those of httpx, but aiohttp replaces
the connection pool.
Costs a package to install.
Choose it for many concurrent requests in a program that is written for httpx.
"""

import asyncio

import httpx
from httpx_aiohttp import HttpxAiohttpClient

from impls.flags import Job, Outcome, failed, keep, tls_context

DEFAULT = False
REQUIRES = ("httpx_aiohttp",)
SERVERS = ("local",)  # the mock would replace its connections


def run(job: Job, *, workers: int) -> dict[str, Outcome]:
    return asyncio.run(download_all(job, workers))


async def download_all(job: Job, workers: int) -> dict[str, Outcome]:
    bound = asyncio.Semaphore(workers)
    async with HttpxAiohttpClient(
        verify=tls_context(job.authority), timeout=job.timeout, follow_redirects=True
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
