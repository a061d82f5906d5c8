"""Coroutines on one event loop, in a task group.

Execution unit: coroutines, all in one thread. They share one ``httpx.AsyncClient``. A semaphore bounds
the requests in flight. When one task raises, the group cancels the others and waits for them, so no
task is left behind. Errors arrive as an ExceptionGroup.
Costs the same as ``asyncio_gather``.
Choose it over ``gather`` if the error of one task should end all of them.
"""

import asyncio

import httpx

from impls.flags import Job, Outcome, failed, keep, tls_context

DEFAULT = False


def run(job: Job, *, workers: int) -> dict[str, Outcome]:
    return asyncio.run(download_all(job, workers))


async def download_all(job: Job, workers: int) -> dict[str, Outcome]:
    bound = asyncio.Semaphore(workers)
    async with (
        httpx.AsyncClient(
            verify=tls_context(job.authority), timeout=job.timeout, follow_redirects=True
        ) as client,
        asyncio.TaskGroup() as group,
    ):
        tasks = {code: group.create_task(download(client, bound, job, code)) for code in job.codes}
    return {code: task.result() for code, task in tasks.items()}


async def download(client: httpx.AsyncClient, bound: asyncio.Semaphore, job: Job, code: str) -> Outcome:
    async with bound:
        try:
            response = await client.get(job.url(code))
        except httpx.HTTPError as error:
            return failed(error)
        return keep(job, code, response.status_code, response.content)
