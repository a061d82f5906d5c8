"""Coroutines run by gather, with a thread that saves each file.

Execution unit: coroutines, all in one thread, and threads of the default pool of asyncio for blocking
calls. They share one ``httpx.AsyncClient``. A semaphore bounds the requests in flight. While a thread
writes a file, the loop runs the other coroutines.
Costs a hop to a thread and back for each flag. That takes longer than writing a small file to memory
(see docs/workloads/saving.md).
Choose it if the disk is slow or the files are large.
"""

import asyncio

import httpx

from impls.flags import Job, Outcome, failed, keep, tls_context

DEFAULT = False


def run(job: Job, *, workers: int) -> dict[str, Outcome]:
    return asyncio.run(download_all(job, workers))


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
        return await asyncio.to_thread(keep, job, code, response.status_code, response.content)
