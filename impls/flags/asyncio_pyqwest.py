"""Coroutines run by gather that share one pyqwest client.

Execution unit: coroutines, all in one thread. They share one ``pyqwest.Client``. A semaphore bounds the
requests in flight. Connections, pool and parser are in Rust, on threads of their own, which wake the
event loop for each answer. It agrees on HTTP/2 with a TLS server that has it.
Costs a package without Python code to debug, and dozens of threads that hand over answers. They count
in the row's CPU time and threads.
Choose it for very many requests if the program is asynchronous already.
"""

import asyncio

import pyqwest

from impls.flags import Job, Outcome, failed, keep

DEFAULT = False
REQUIRES = ("pyqwest",)
SERVERS = ("local",)  # the mock works with httpx only

ERRORS = (OSError, pyqwest.ReadError, pyqwest.WriteError, pyqwest.RemoteProtocolError)
"""What a request raises; ``OSError`` for a connection that fails and for a timeout."""


def run(job: Job, *, workers: int) -> dict[str, Outcome]:
    return asyncio.run(download_all(job, workers))


async def download_all(job: Job, workers: int) -> dict[str, Outcome]:
    bound = asyncio.Semaphore(workers)
    authority = None if job.authority is None else job.authority.read_bytes()
    async with pyqwest.HTTPTransport(
        tls_ca_cert=authority, tls_include_system_certs=True, timeout=job.timeout,
        # By default it keeps two connections, and opens a new one for most requests.
        pool_max_idle_per_host=workers,
    ) as transport:  # fmt: skip
        client = pyqwest.Client(transport)
        outcomes = await asyncio.gather(*(download(client, bound, job, code) for code in job.codes))
    return dict(zip(job.codes, outcomes, strict=True))


async def download(client: pyqwest.Client, bound: asyncio.Semaphore, job: Job, code: str) -> Outcome:
    async with bound:
        try:
            response = await client.get(job.url(code))
        except ERRORS as error:
            return failed(error)
        return keep(job, code, response.status, response.content)
