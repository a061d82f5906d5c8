"""Worker coroutines that take flags from one queue.

Execution unit: coroutines, all in one thread. There is one for each request in flight, whatever the
number of flags. They share one ``httpx.AsyncClient``. Errors arrive as an ExceptionGroup.
Costs less memory than one coroutine per flag, and needs no semaphore.
Choose it for an endless stream of work, or for more work than tasks fit in memory.
"""

import asyncio

import httpx

from impls.flags import Job, Outcome, failed, keep, tls_context

DEFAULT = False


def run(job: Job, *, workers: int) -> dict[str, Outcome]:
    return asyncio.run(download_all(job, workers))


async def download_all(job: Job, workers: int) -> dict[str, Outcome]:
    outcomes: dict[str, Outcome] = {}
    codes: asyncio.Queue[str] = asyncio.Queue()
    for code in job.codes:
        codes.put_nowait(code)
    async with (
        httpx.AsyncClient(
            verify=tls_context(job.authority), timeout=job.timeout, follow_redirects=True
        ) as client,
        asyncio.TaskGroup() as group,
    ):
        for _ in range(workers):
            group.create_task(work(client, job, codes, outcomes))
    return {code: outcomes[code] for code in job.codes}


async def work(
    client: httpx.AsyncClient, job: Job, codes: asyncio.Queue[str], outcomes: dict[str, Outcome]
) -> None:
    while not codes.empty():
        code = codes.get_nowait()
        outcomes[code] = await download(client, job, code)


async def download(client: httpx.AsyncClient, job: Job, code: str) -> Outcome:
    try:
        response = await client.get(job.url(code))
    except httpx.HTTPError as error:
        return failed(error)
    return keep(job, code, response.status_code, response.content)
