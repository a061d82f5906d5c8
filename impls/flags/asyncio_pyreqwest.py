"""Coroutines run by gather that share one pyreqwest client.

Execution unit: coroutines, all in one thread. They share one ``pyreqwest`` client. A semaphore bounds
the requests in flight. Connections, pool and parser are in Rust, on a thread of its own, which wakes
the event loop for each answer. It speaks HTTP/1.1 unless its builder enables HTTP/2.
Costs a package without Python code to debug, and a switch between threads for each answer. Its own
thread counts in the row's CPU time and threads.
Choose it for very many requests if the program is asynchronous already.
"""

import asyncio
from datetime import timedelta

from pyreqwest.client import Client, ClientBuilder
from pyreqwest.exceptions import RequestError

from impls.flags import Job, Outcome, failed, keep

DEFAULT = False
REQUIRES = ("pyreqwest",)
SERVERS = ("local",)  # the mock works with httpx only


def run(job: Job, *, workers: int) -> dict[str, Outcome]:
    return asyncio.run(download_all(job, workers))


async def download_all(job: Job, workers: int) -> dict[str, Outcome]:
    bound = asyncio.Semaphore(workers)
    builder = ClientBuilder().timeout(timedelta(seconds=job.timeout))
    if job.authority is not None:
        builder = builder.add_root_certificate_pem(job.authority.read_bytes())
    async with builder.build() as client:
        outcomes = await asyncio.gather(*(download(client, bound, job, code) for code in job.codes))
    return dict(zip(job.codes, outcomes, strict=True))


async def download(client: Client, bound: asyncio.Semaphore, job: Job, code: str) -> Outcome:
    async with bound:
        try:
            response = await client.get(job.url(code)).build().send()
            body = await response.bytes()
        except RequestError as error:
            return failed(error)
        return keep(job, code, response.status, body.to_bytes())
