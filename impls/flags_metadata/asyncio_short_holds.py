"""Coroutines that acquire the semaphore for each request.

Execution unit: coroutines on one event loop, all in one thread. They share one ``httpx.AsyncClient``
and the semaphore, which bounds the requests in flight. Between its two requests a country queues again,
behind all countries that still wait for their first. Images pile up in memory until nearly all of them
have arrived.
Costs that memory.
Choose it if the steps need different resources, and no step should hold a resource that it does not
use.
"""

import asyncio

import httpx

from impls.flags_metadata import Job, Outcome, failed, keep, tls_context

DEFAULT = ("pop20",)


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
    try:
        async with bound:
            image = (await client.get(job.url(code))).raise_for_status()
        async with bound:
            metadata = (await client.get(job.metadata_url(code))).raise_for_status()
    except httpx.HTTPError as error:
        return failed(error)
    return keep(job, image, metadata)
