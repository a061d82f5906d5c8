"""A pool of threads, each with its own client.

Execution unit: operating system threads, in a ``ThreadPoolExecutor``. They share the process and the
interpreter lock, but no client. So no thread waits for the connection pool of another.
Costs a stack and a client with one connection for each thread.
Choose it for many concurrent requests with a blocking client.
"""

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import httpx

from impls.flags import Job, Outcome, failed, keep, tls_context

DEFAULT = ("all194",)


def run(job: Job, *, workers: int) -> dict[str, Outcome]:
    thread = threading.local()
    with ExitStack() as clients:

        def start_thread() -> None:
            thread.client = clients.enter_context(
                httpx.Client(
                    verify=tls_context(job.authority), timeout=job.timeout, follow_redirects=True
                )
            )

        with ThreadPoolExecutor(workers, initializer=start_thread) as pool:
            outcomes = pool.map(lambda code: download(thread.client, job, code), job.codes)
            return dict(zip(job.codes, outcomes, strict=True))


def download(client: httpx.Client, job: Job, code: str) -> Outcome:
    try:
        response = client.get(job.url(code))
    except httpx.HTTPError as error:
        return failed(error)
    return keep(job, code, response.status_code, response.content)
