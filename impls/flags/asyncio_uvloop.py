"""Coroutines on uvloop, run by gather.

Execution unit: coroutines, all in one thread. They share one ``httpx.AsyncClient``. A semaphore bounds
the requests in flight. uvloop implements the event loop of asyncio in C. It differs from
``asyncio_gather`` only in the loop.
Costs a package to install.
Choose it if a profile shows that the event loop, not the client, takes the time.
"""

import asyncio

import httpx
import uvloop

from impls.flags import Job, Outcome, failed, keep, tls_context

DEFAULT = False
REQUIRES = ("uvloop",)


def run(job: Job, *, workers: int) -> dict[str, Outcome]:
    return uvloop.run(download_all(job, workers))


async def download_all(job: Job, workers: int) -> dict[str, Outcome]:
    bound = asyncio.Semaphore(workers)
    async with httpx.AsyncClient(
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
