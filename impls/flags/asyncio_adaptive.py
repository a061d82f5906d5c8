"""Worker coroutines, as many as the server bears.

Execution unit: coroutines, all in one thread. They share one ``aiohttp.ClientSession``. A few start.
Each answer adds one, until one takes twice the fastest time. From then on a wave of fast answers adds
one, and a wave of slow ones or errors ends half of the workers, as in TCP (RFC 5681).
Costs waves with few requests, until there are enough workers.
Choose it for a server whose capacity you do not know, or that has other clients.
"""

import asyncio
from time import perf_counter

import aiohttp

from impls.flags import Job, Outcome, failed, keep, tls_context

DEFAULT = False
REQUIRES = ("aiohttp",)
SERVERS = ("local",)  # the mock works with httpx only


def run(job: Job, *, workers: int) -> dict[str, Outcome]:
    return asyncio.run(download_all(job, workers))


async def download_all(job: Job, workers: int) -> dict[str, Outcome]:
    codes, outcomes, running = iter(job.codes), dict[str, Outcome](), min(8, workers)
    bound, increase, fastest = float(running), 1.0, job.timeout / 2
    async with (
        aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(ssl=tls_context(job.authority)),
            timeout=aiohttp.ClientTimeout(total=job.timeout),
        ) as session,
        asyncio.TaskGroup() as group,
    ):

        async def work(opens: bool = True) -> None:
            nonlocal running, bound, increase, fastest
            for code in codes:
                start = perf_counter()
                try:
                    async with session.get(job.url(code)) as response:
                        outcomes[code] = keep(job, code, response.status, await response.read())
                except (aiohttp.ClientError, TimeoutError) as error:
                    outcomes[code] = failed(error)
                seconds = job.timeout if outcomes[code].status == "error" else perf_counter() - start
                if seconds < (job.timeout if opens else 2 * fastest):  # a new connection takes longer
                    bound = min(workers, bound + max(increase, 1 / bound))
                else:
                    bound, increase = max(1, bound - 0.5), 0.0
                opens, fastest = False, min(fastest, seconds)
                more, running = int(bound) - running, int(bound)
                if more < 0:
                    return
                for _ in range(more):
                    group.create_task(work())

        for _ in range(running):
            group.create_task(work())
    return {code: outcomes[code] for code in job.codes}
