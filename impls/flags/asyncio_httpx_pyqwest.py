"""Coroutines run by gather that share one httpx client over pyqwest.

Execution unit: coroutines, all in one thread. They share one ``httpx.AsyncClient`` whose connections
come from pyqwest, in Rust, on threads of their own. A semaphore bounds the requests in flight. The
calls stay those of httpx. It agrees on HTTP/2 with a TLS server that has it.
Costs two packages to install, httpx's own work for each request, and dozens of threads that hand over
answers. They count in the row's CPU time and threads.
Choose it for many concurrent requests in a program that is written for httpx.
"""

import asyncio

import httpx
import pyqwest
from pyqwest.httpx import AsyncPyqwestTransport

from impls.flags import Job, Outcome, failed, keep

DEFAULT = False
REQUIRES = ("pyqwest", "h2")  # its module for httpx imports h2
SERVERS = ("local",)  # the mock would replace its connections


def run(job: Job, *, workers: int) -> dict[str, Outcome]:
    return asyncio.run(download_all(job, workers))


async def download_all(job: Job, workers: int) -> dict[str, Outcome]:
    bound = asyncio.Semaphore(workers)
    authority = None if job.authority is None else job.authority.read_bytes()
    async with (
        pyqwest.HTTPTransport(
            tls_ca_cert=authority, tls_include_system_certs=True, timeout=job.timeout,
            # By default it keeps two connections, and opens a new one for most requests.
            pool_max_idle_per_host=workers,
            follow_redirects=False,  # httpx does
        ) as transport,
        httpx.AsyncClient(
            transport=AsyncPyqwestTransport(transport), timeout=job.timeout, follow_redirects=True
        ) as client,
    ):  # fmt: skip
        outcomes = await asyncio.gather(*(download(client, bound, job, code) for code in job.codes))
    return dict(zip(job.codes, outcomes, strict=True))


async def download(client: httpx.AsyncClient, bound: asyncio.Semaphore, job: Job, code: str) -> Outcome:
    async with bound:
        try:
            response = await client.get(job.url(code))
        except httpx.HTTPError as error:
            return failed(error)
        return keep(job, code, response.status_code, response.content)
