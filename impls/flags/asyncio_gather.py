"""Coroutines run by gather that share one client.

Execution unit: coroutines, all in one thread. They share one ``httpx.AsyncClient`` as it comes: at most
100 connections, and 20 are kept. A semaphore bounds the requests in flight.
Costs a few kilobytes per coroutine, and with more than 20 in flight a new connection for most requests.
A coroutine yields only at an ``await``, so saving a file, or the work of the client itself, blocks all
the others.
Choose it for very many I/O-bound tasks, if all the libraries involved are asynchronous.
"""

import asyncio

import httpx

from impls.flags import Job, Outcome, failed, keep, tls_context

GATE = ("pop20",)


def run(job: Job, *, workers: int) -> dict[str, Outcome]:
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
