"""Coroutines on one event loop, gathered, that share one session of aiohttp.

Execution unit: coroutines, all in one thread. They share one ``aiohttp.ClientSession``; a semaphore
holds the bound. What differs from ``asyncio_gather`` is the client, whose parser is in C and whose pool
knows which connection is free. Costs another client's ways and words. Choose it for very many requests.
"""

import asyncio

import aiohttp

from impls.flags import Job, Outcome, failed, keep, tls_context

REQUIRES = ("aiohttp",)
SERVERS = ("local",)  # the mock is httpx's


def run(job: Job, *, workers: int) -> dict[str, Outcome]:
    return asyncio.run(download_all(job, workers))


async def download_all(job: Job, workers: int) -> dict[str, Outcome]:
    bound = asyncio.Semaphore(workers)
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=workers, ssl=tls_context()),
        timeout=aiohttp.ClientTimeout(total=job.timeout),
    ) as session:
        outcomes = await asyncio.gather(*(download(session, bound, job, code) for code in job.codes))
    return dict(zip(job.codes, outcomes, strict=True))


async def download(
    session: aiohttp.ClientSession, bound: asyncio.Semaphore, job: Job, code: str
) -> Outcome:
    async with bound:
        try:
            async with session.get(job.url(code)) as response:
                body = await response.read()
        except (aiohttp.ClientError, TimeoutError) as error:
            return failed(error)
        return keep(job, code, response.status, body)
