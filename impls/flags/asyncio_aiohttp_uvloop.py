"""Coroutines on uvloop that share one aiohttp session.

Execution unit: coroutines, all in one thread. They share one ``aiohttp.ClientSession``. A semaphore
bounds the requests in flight. Both the event loop and the parser are in C, so a request costs less than
in any other model of this workload.
Costs two packages to install.
Choose it if the number of requests makes the client the bottleneck.
"""

import asyncio

import aiohttp
import uvloop

from impls.flags import Job, Outcome, failed, keep, tls_context

DEFAULT = False
REQUIRES = ("aiohttp", "uvloop")
SERVERS = ("local",)  # the mock works with httpx only


def run(job: Job, *, workers: int) -> dict[str, Outcome]:
    return uvloop.run(download_all(job, workers))


async def download_all(job: Job, workers: int) -> dict[str, Outcome]:
    bound = asyncio.Semaphore(workers)
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(ssl=tls_context(job.authority)),
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
