"""Coroutines run by gather that share one niquests session.

Execution unit: coroutines, all in one thread. They share one ``niquests.AsyncSession``. A semaphore
bounds the requests in flight. niquests continues requests, with its calls. It agrees on HTTP/2 or
HTTP/3 with a TLS server that has it.
Costs a package that replaces urllib3, also under requests: install it in an environment of its own.
Choose it to make a program that is written for requests asynchronous.
"""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial

import niquests
import wassima

from impls.flags import Job, Outcome, failed, keep

DEFAULT = False
REQUIRES = ("niquests", "wassima")
SERVERS = ("local",)  # the mock works with httpx only


def run(job: Job, *, workers: int) -> dict[str, Outcome]:
    return asyncio.run(download_all(job, workers))


async def download_all(job: Job, workers: int) -> dict[str, Outcome]:
    bound = asyncio.Semaphore(workers)
    # For each request: the environment may override that of a session.
    verify = job.authority is None or wassima.generate_ca_bundle() + job.authority.read_text()
    # By default it keeps ten connections to a server, and opens a new one for most requests.
    async with niquests.AsyncSession(timeout=job.timeout, pool_maxsize=workers) as session:
        get = partial(session.get, verify=verify)
        outcomes = await asyncio.gather(*(download(get, bound, job, code) for code in job.codes))
    return dict(zip(job.codes, outcomes, strict=True))


async def download(
    get: Callable[[str], Awaitable[niquests.Response]], bound: asyncio.Semaphore, job: Job, code: str
) -> Outcome:
    async with bound:
        try:
            response = await get(job.url(code))
        except niquests.RequestException as error:
            return failed(error)
        return keep(job, code, response.status_code or 0, response.content or b"")
