"""Coroutines on one event loop; results are taken as they come.

Execution unit: coroutines, all in one thread. They share one ``httpx.AsyncClient``; a semaphore holds
the bound. ``as_completed`` hands over whichever task is done next, so each names the code it belongs
to. Costs what ``asyncio_gather`` costs. Choose it over ``gather`` to show progress, or to go on with a
result while slow ones are on their way.
"""

import asyncio

import httpx

from impls.flags import Job, Outcome, client_options, failed, keep

DEFAULT = False


def run(job: Job, *, workers: int) -> dict[str, Outcome]:
    return asyncio.run(download_all(job, workers))


async def download_all(job: Job, workers: int) -> dict[str, Outcome]:
    outcomes = {}
    bound = asyncio.Semaphore(workers)
    async with httpx.AsyncClient(**client_options(job, workers)) as client:
        # Tasks, for bare coroutines would start in no order.
        tasks = [asyncio.create_task(download(client, bound, job, code)) for code in job.codes]
        for done in asyncio.as_completed(tasks):
            code, outcome = await done
            outcomes[code] = outcome
    return {code: outcomes[code] for code in job.codes}


async def download(
    client: httpx.AsyncClient, bound: asyncio.Semaphore, job: Job, code: str
) -> tuple[str, Outcome]:
    async with bound:
        try:
            response = await client.get(job.url(code))
        except httpx.HTTPError as error:
            return code, failed(error)
        return code, keep(job, code, response.status_code, response.content)
