"""Tasks of trio in a nursery that share one client.

Execution unit: trio tasks, all in one thread. They share one ``httpx.AsyncClient``. A limiter bounds
the requests in flight. A nursery ends when all its tasks have ended. When one task raises, the nursery
cancels the others. Tasks form a tree, and no task outlives its parent. Errors arrive as an
ExceptionGroup.
Costs a package to install, and libraries that support trio.
Choose it for programs that must end cleanly in all circumstances.
"""

import httpx
import trio

from impls.flags import Job, Outcome, failed, keep, tls_context

DEFAULT = False
REQUIRES = ("trio",)


def run(job: Job, *, workers: int) -> dict[str, Outcome]:
    return trio.run(download_all, job, workers)


async def download_all(job: Job, workers: int) -> dict[str, Outcome]:
    outcomes: dict[str, Outcome] = {}
    bound = trio.CapacityLimiter(workers)
    async with (
        httpx.AsyncClient(
            verify=tls_context(job.authority), timeout=job.timeout, follow_redirects=True
        ) as client,
        trio.open_nursery() as nursery,
    ):

        async def download_one(code: str) -> None:
            async with bound:
                outcomes[code] = await download(client, job, code)

        for code in job.codes:
            nursery.start_soon(download_one, code)
    return {code: outcomes[code] for code in job.codes}


async def download(client: httpx.AsyncClient, job: Job, code: str) -> Outcome:
    try:
        response = await client.get(job.url(code))
    except httpx.HTTPError as error:
        return failed(error)
    return keep(job, code, response.status_code, response.content)
