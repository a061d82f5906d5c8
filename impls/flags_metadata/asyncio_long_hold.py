"""Coroutines that hold the semaphore for both requests of a country.

Execution unit: coroutines on one event loop, all in one thread. They share one ``httpx.AsyncClient``
and the semaphore. It bounds the countries in progress: a country keeps its place for both requests.
Costs a place that stays unused if one of the two requests does not need the bounded resource.
Choose it to finish each country before new ones start. Memory stays limited to ``workers`` countries.
"""

import asyncio

import httpx

from impls.flags_metadata import Job, Outcome, failed, keep, tls_context

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
            image = (await client.get(job.url(code))).raise_for_status()
            metadata = (await client.get(job.metadata_url(code))).raise_for_status()
        except httpx.HTTPError as error:
            return failed(error)
        return keep(job, image, metadata)
