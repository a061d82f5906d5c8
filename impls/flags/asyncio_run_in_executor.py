"""Coroutines that run the calls of a blocking client in a thread pool.

Execution unit: threads, in a ``ThreadPoolExecutor`` as large as the bound. The event loop only waits
for them. They share one ``httpx.Client``.
Costs the same as threads, plus a hop from the loop to a thread and back for each flag. On a
free-threaded build the connection pool of httpx is not thread-safe.
Choose it to use a blocking library in a program that has an event loop.
"""

import asyncio
from concurrent.futures import ThreadPoolExecutor

import httpx

from impls.flags import Job, Outcome, failed, keep, tls_context

DEFAULT = False


def run(job: Job, *, workers: int) -> dict[str, Outcome]:
    return asyncio.run(download_all(job, workers))


async def download_all(job: Job, workers: int) -> dict[str, Outcome]:
    loop = asyncio.get_running_loop()
    # Keep a connection for each thread: beyond 20 httpx closes idle ones, now and then one that another
    # thread is about to use, and its request fails (httpcore's issue 1110).
    limits = httpx.Limits(max_connections=workers, max_keepalive_connections=workers)
    with (
        httpx.Client(
            verify=tls_context(job.authority), timeout=job.timeout, follow_redirects=True, limits=limits
        ) as client,
        ThreadPoolExecutor(workers) as pool,
    ):
        try:
            outcomes = await asyncio.gather(
                *(loop.run_in_executor(pool, download, client, job, code) for code in job.codes)
            )
        except BaseException:
            pool.shutdown(cancel_futures=True)  # skip the calls that have not started
            raise
    return dict(zip(job.codes, outcomes, strict=True))


def download(client: httpx.Client, job: Job, code: str) -> Outcome:
    try:
        response = client.get(job.url(code))
    except httpx.HTTPError as error:
        return failed(error)
    return keep(job, code, response.status_code, response.content)
