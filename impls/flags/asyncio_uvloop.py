"""Coroutines on uvloop's event loop, gathered.

Execution unit: coroutines, all in one thread. They share one ``httpx.AsyncClient``; a semaphore holds
the bound. uvloop is asyncio's event loop in C; what differs from ``asyncio_gather`` is the loop. Costs
a package to install. Choose it where the loop takes the time, not the client: a profile shows it.
"""

import asyncio

import httpx
import uvloop

from impls.flags import Job, Outcome, client_options, failed, keep

DEFAULT = False
REQUIRES = ("uvloop",)


def run(job: Job, *, workers: int) -> dict[str, Outcome]:
    return uvloop.run(download_all(job, workers))


async def download_all(job: Job, workers: int) -> dict[str, Outcome]:
    bound = asyncio.Semaphore(workers)
    async with httpx.AsyncClient(**client_options(job, workers)) as client:
        outcomes = await asyncio.gather(*(download(client, bound, job, code) for code in job.codes))
    return dict(zip(job.codes, outcomes, strict=True))


async def download(client: httpx.AsyncClient, bound: asyncio.Semaphore, job: Job, code: str) -> Outcome:
    async with bound:
        try:
            response = await client.get(job.url(code))
        except httpx.HTTPError as error:
            return failed(error)
        return keep(job, code, response.status_code, response.content)
