"""A pool of threads that share one client.

Execution unit: operating system threads, in a ``ThreadPoolExecutor``. They share the process, one
``httpx.Client`` with its connections, and the interpreter lock. A thread releases that lock while it
waits for the network.
Costs a stack for each thread. The threads also compete for the connection pool of the client. On a
free-threaded build that pool is not thread-safe, and a request fails now and then.
Choose it for I/O-bound work with blocking libraries.
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
