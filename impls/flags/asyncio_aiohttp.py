"""Coroutines run by gather that share one aiohttp session.

Execution unit: coroutines, all in one thread. They share one ``aiohttp.ClientSession``. A semaphore
bounds the requests in flight. It differs from ``asyncio_gather`` in the client: the parser is in C, and
the connection pool keeps all its connections and knows which are free.
Costs a different client, with its own API and terms.
Choose it for very many requests.
"""

import asyncio

import aiohttp

from impls.flags import Job, Outcome, failed, keep, tls_context

REQUIRES = ("aiohttp",)
SERVERS = ("local",)  # the mock works with httpx only


def run(job: Job, *, workers: int) -> dict[str, Outcome]:
    return asyncio.run(download_all(job, workers))


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
