"""Tasks of anyio in a task group that share one client.

Execution unit: coroutines, all in one thread, on the event loop of asyncio. The same code runs on trio.
They share one ``httpx.AsyncClient``. A limiter bounds the requests in flight. When one task raises, the
group cancels the others. Errors arrive as an ExceptionGroup.
Costs a thin layer over the event loop.
Choose it for libraries whose users choose the event loop.
"""

import anyio
import httpx

from impls.flags import Job, Outcome, failed, keep, tls_context

DEFAULT = False
REQUIRES = ("anyio",)


def run(job: Job, *, workers: int) -> dict[str, Outcome]:
    return anyio.run(download_all, job, workers)


async def download_all(job: Job, workers: int) -> dict[str, Outcome]:
    outcomes: dict[str, Outcome] = {}
    bound = anyio.CapacityLimiter(workers)
    async with (
        httpx.AsyncClient(
            verify=tls_context(job.authority), timeout=job.timeout, follow_redirects=True
        ) as client,
        anyio.create_task_group() as group,
    ):

        async def download_one(code: str) -> None:
            async with bound:
                outcomes[code] = await download(client, job, code)

        for code in job.codes:
            group.start_soon(download_one, code)
    return {code: outcomes[code] for code in job.codes}


async def download(client: httpx.AsyncClient, job: Job, code: str) -> Outcome:
    try:
        response = await client.get(job.url(code))
    except httpx.HTTPError as error:
        return failed(error)
    return keep(job, code, response.status_code, response.content)
