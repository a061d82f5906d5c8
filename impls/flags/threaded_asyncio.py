"""A few threads, each with an event loop and coroutines.

Execution unit: coroutines, on one event loop in each of a few threads. The flags and the bound are
divided among the threads. Each has one ``httpx.AsyncClient``. They share the process and the
interpreter lock.
Costs a loop and a client for each thread.
Choose it on a free-threaded build, where each loop has its own core. With the interpreter lock it only
makes the connection pools smaller.
"""

import asyncio
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import httpx

from impls.flags import Job, Outcome, failed, keep, tls_context

DEFAULT = False

cores = getattr(os, "process_cpu_count", os.cpu_count)  # from 3.13: only those this process may use


def run(job: Job, *, workers: int) -> dict[str, Outcome]:
    threads = min(cores() or 1, workers)
    shares = [replace(job, codes=job.codes[first::threads]) for first in range(threads)]
    bounds = [len(range(first, workers, threads)) for first in range(threads)]
    outcomes = {}
    with ThreadPoolExecutor(threads) as pool:
        for share in pool.map(download_share, shares, bounds):
            outcomes.update(share)
    return {code: outcomes[code] for code in job.codes}


def download_share(job: Job, workers: int) -> dict[str, Outcome]:
    return asyncio.run(download_all(job, workers))


async def download_all(job: Job, workers: int) -> dict[str, Outcome]:
    bound = asyncio.Semaphore(workers)
    async with httpx.AsyncClient(
        verify=tls_context(job.authority), timeout=job.timeout, follow_redirects=True
    ) as client:
        outcomes = await asyncio.gather(*(download(client, bound, job, code) for code in job.codes))
    return dict(zip(job.codes, outcomes, strict=True))


async def download(client: httpx.AsyncClient, bound: asyncio.Semaphore, job: Job, code: str) -> Outcome:
    async with bound:
        try:
            response = await client.get(job.url(code))
        except httpx.HTTPError as error:
            return failed(error)
        return keep(job, code, response.status_code, response.content)
