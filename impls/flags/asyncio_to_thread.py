"""Coroutines that run the calls of a blocking client with to_thread.

Execution unit: threads of the default pool of asyncio. One coroutine waits for each. They share one
``httpx.Client``. The pool has min(32, cores + 4) threads, whatever the bound. This silently limits the
requests in flight.
Costs the same as threads, plus a hop from the loop to a thread and back for each flag. On a
free-threaded build the connection pool of httpx is not thread-safe.
Choose it for occasional blocking calls. For many of them, use a dedicated pool, as
``asyncio_run_in_executor`` does.
"""

import asyncio

import httpx

from impls.flags import Job, Outcome, failed, keep, tls_context

DEFAULT = False


def run(job: Job, *, workers: int) -> dict[str, Outcome]:
    return asyncio.run(download_all(job, workers))


async def download_all(job: Job, workers: int) -> dict[str, Outcome]:
    bound = asyncio.Semaphore(workers)
    # Keep a connection for each thread: beyond 20 httpx closes idle ones, now and then one that another
    # thread is about to use, and its request fails (httpcore's issue 1110).
    limits = httpx.Limits(max_connections=workers, max_keepalive_connections=workers)
    with httpx.Client(
        verify=tls_context(job.authority), timeout=job.timeout, follow_redirects=True, limits=limits
    ) as client:

        async def download_one(code: str) -> Outcome:
            async with bound:
                return await asyncio.to_thread(download, client, job, code)

        outcomes = await asyncio.gather(*map(download_one, job.codes))
    return dict(zip(job.codes, outcomes, strict=True))


def download(client: httpx.Client, job: Job, code: str) -> Outcome:
    try:
        response = client.get(job.url(code))
    except httpx.HTTPError as error:
        return failed(error)
    return keep(job, code, response.status_code, response.content)
