"""Coroutines on one event loop, gathered, that share one client.

Execution unit: coroutines, all in one thread. They share one ``httpx.AsyncClient``; only a semaphore
holds the bound. Costs a few kilobytes for each, and a coroutine yields only where it awaits: saving a
file, or the client's own work, delays all others. Choose it for very many I/O-bound tasks, if every
library involved is asynchronous.
"""

import asyncio

import httpx

from impls.flags import Job, Outcome, client_options, failed, keep

GATE = ("pop20",)


def run(job: Job, *, workers: int) -> dict[str, Outcome]:
    return asyncio.run(download_all(job, workers))


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
