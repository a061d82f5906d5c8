"""Coroutines that hand a blocking client's calls to a pool of threads.

Execution unit: threads, in a ``ThreadPoolExecutor`` as large as the bound; the event loop only waits
for them. They share one ``httpx.Client``. Costs what threads cost, and a trip between loop and thread
for each flag. On a free-threaded build httpx's pool is not safe among threads. Choose it in a program
that has an event loop, for a library that blocks.
"""

import asyncio
from concurrent.futures import ThreadPoolExecutor

import httpx

from impls.flags import Job, Outcome, client_options, failed, keep

DEFAULT = False


def run(job: Job, *, workers: int) -> dict[str, Outcome]:
    return asyncio.run(download_all(job, workers))


async def download_all(job: Job, workers: int) -> dict[str, Outcome]:
    loop = asyncio.get_running_loop()
    with (
        httpx.Client(**client_options(job, workers)) as client,
        ThreadPoolExecutor(workers) as pool,
    ):
        try:
            outcomes = await asyncio.gather(
                *(loop.run_in_executor(pool, download, client, job, code) for code in job.codes)
            )
        except BaseException:
            pool.shutdown(cancel_futures=True)  # what has not begun need not
            raise
    return dict(zip(job.codes, outcomes, strict=True))


def download(client: httpx.Client, job: Job, code: str) -> Outcome:
    try:
        response = client.get(job.url(code))
    except httpx.HTTPError as error:
        return failed(error)
    return keep(job, code, response.status_code, response.content)
