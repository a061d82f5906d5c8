"""Coroutines on one event loop that hand a blocking client's calls to threads.

Execution unit: threads of asyncio's default pool, one coroutine waiting for each. They share one
``httpx.Client``. The pool has min(32, cores + 4) threads, whatever is asked: that many requests are in
flight at most, and nothing says so. Costs what threads cost, and a trip between loop and thread for
each flag. On a free-threaded build httpx's pool is not safe among threads. Choose it for a blocking
call here and there; for many, give it a pool, as ``asyncio_run_in_executor`` does.
"""

import asyncio

import httpx

from impls.flags import Job, Outcome, client_options, failed, keep

DEFAULT = False


def run(job: Job, *, workers: int) -> dict[str, Outcome]:
    return asyncio.run(download_all(job, workers))


async def download_all(job: Job, workers: int) -> dict[str, Outcome]:
    bound = asyncio.Semaphore(workers)
    with httpx.Client(**client_options(job, workers)) as client:

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
