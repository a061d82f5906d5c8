"""Coroutines on one event loop, gathered; a thread saves each file.

Execution unit: coroutines, all in one thread, and threads of asyncio's default pool for what blocks.
They share one ``httpx.AsyncClient``; a semaphore holds the bound. While a file is written the loop goes
on with the others. Costs a trip to a thread and back for each flag, which is more than a small file
takes to write into memory (see docs/saving.md). Choose it where the disk is slow or the files are
large.
"""

import asyncio

import httpx

from impls.flags import Job, Outcome, client_options, failed, keep

DEFAULT = False


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
        return await asyncio.to_thread(keep, job, code, response.status_code, response.content)
