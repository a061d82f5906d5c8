"""A pool of threads that share one client.

Execution unit: threads of the operating system, in a ``ThreadPoolExecutor``. They share the process,
one ``httpx.Client`` with its connections, and the interpreter lock, which a thread gives up while it
waits for the network. Costs a stack for each thread, and everyone's turn at the client's connection
pool; and on a free-threaded build now and then a request, for httpx's pool is not safe there. Choose it
for work that waits, with libraries that block.
"""

from concurrent.futures import ThreadPoolExecutor

import httpx

from impls.flags import Job, Outcome, client_options, failed, keep

GATE = ("pop20",)


def run(job: Job, *, workers: int) -> dict[str, Outcome]:
    with (
        httpx.Client(**client_options(job, workers)) as client,
        ThreadPoolExecutor(workers) as pool,
    ):
        outcomes = pool.map(lambda code: download(client, job, code), job.codes)
        return dict(zip(job.codes, outcomes, strict=True))


def download(client: httpx.Client, job: Job, code: str) -> Outcome:
    try:
        response = client.get(job.url(code))
    except httpx.HTTPError as error:
        return failed(error)
    return keep(job, code, response.status_code, response.content)
