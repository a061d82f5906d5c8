"""One process per core, each with an event loop and coroutines.

Execution unit: coroutines, on one event loop in each of a few processes. The processes share nothing:
the flags and the bound are divided among them. Each has one ``httpx.AsyncClient``.
Costs one process per core, and the time to start it.
Choose it if one core is not enough for the work of the client itself.
"""

import asyncio
import multiprocessing
import os
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace

import httpx

from impls.flags import Job, Outcome, failed, keep, tls_context

DEFAULT = False
START_METHOD = "forkserver"

tls_context()  # runs on import, in the fork server: its children inherit the context

cores = getattr(os, "process_cpu_count", os.cpu_count)  # from 3.13: only those this process may use


def run(job: Job, *, workers: int) -> dict[str, Outcome]:
    processes = min(cores() or 1, workers)
    shares = [replace(job, codes=job.codes[first::processes]) for first in range(processes)]
    bounds = [len(range(first, workers, processes)) for first in range(processes)]
    context = multiprocessing.get_context(START_METHOD)
    # httpx imports httpcore with its first client: without the preload, once in every process.
    context.set_forkserver_preload([__name__, "httpcore", *job.preload])
    with ProcessPoolExecutor(processes, context, job.initializer) as pool:
        outcomes = {}
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
