"""Coroutines over aiofastnet that share one aiohttp session.

Execution unit: coroutines, all in one thread. They share one ``aiohttp.ClientSession``. A semaphore
bounds the requests in flight. aiofastnet replaces the transports of the usual event loop, in C, and
above all its TLS. It differs from ``asyncio_aiohttp`` in the loop factory.
Costs a package to install.
Choose it for very many requests over TLS.
"""

import asyncio

import aiofastnet
import aiohttp

from impls.flags import Job, Outcome, failed, keep, tls_context

DEFAULT = False
REQUIRES = ("aiohttp", "aiofastnet")
SERVERS = ("local",)  # the mock works with httpx only


def run(job: Job, *, workers: int) -> dict[str, Outcome]:
    with asyncio.Runner(loop_factory=aiofastnet.loop_factory()) as runner:
        return runner.run(download_all(job, workers))


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
