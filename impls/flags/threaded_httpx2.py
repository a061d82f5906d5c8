"""A pool of threads that share one httpx2 client.

Execution unit: threads, in a ``ThreadPoolExecutor``. They share the process, one ``httpx2.Client`` with
its connections, and the interpreter lock. httpx2 continues httpx under a new name. It differs from
``threaded`` in the client, whose pool never closes a connection that another thread is about to use.
Costs a stack for each thread.
Choose it to replace httpx and keep the calls.
"""

from concurrent.futures import ThreadPoolExecutor

import httpx2

from impls.flags import Job, Outcome, failed, keep, tls_context

DEFAULT = False
REQUIRES = ("httpx2",)
SERVERS = ("local",)  # the mock works with httpx only


def run(job: Job, *, workers: int) -> dict[str, Outcome]:
    with (
        httpx2.Client(
            verify=tls_context(job.authority), timeout=job.timeout, follow_redirects=True
        ) as client,
        ThreadPoolExecutor(workers) as pool,
    ):
        outcomes = pool.map(lambda code: download(client, job, code), job.codes)
        return dict(zip(job.codes, outcomes, strict=True))


def download(client: httpx2.Client, job: Job, code: str) -> Outcome:
    try:
        response = client.get(job.url(code))
    except httpx2.HTTPError as error:
        return failed(error)
    return keep(job, code, response.status_code, response.content)
