"""Coroutines on uvloop's event loop that share one session of aiohttp.

Execution unit: coroutines, all in one thread. They share one ``aiohttp.ClientSession``; a semaphore
holds the bound. Event loop and parser are both in C: the least that a request costs here. Costs two
packages to install. Choose it where the number of requests makes the client the bottleneck.
"""

import asyncio

import aiohttp
import uvloop

from impls.flags import Job, Outcome, failed, keep, tls_context

DEFAULT = False
REQUIRES = ("aiohttp", "uvloop")
SERVERS = ("local",)  # the mock is httpx's


def run(job: Job, *, workers: int) -> dict[str, Outcome]:
    return uvloop.run(download_all(job, workers))


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
