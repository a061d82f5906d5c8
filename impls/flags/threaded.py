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

from impls.flags import Job, Outcome, failed, keep, tls_context

GATE = ("pop20",)


def run(job: Job, *, workers: int) -> dict[str, Outcome]:
    # Keep a connection for each thread: beyond 20 httpx closes idle ones, now and then one that another
    # thread is about to use, and its request fails (httpcore's issue 1110).
    limits = httpx.Limits(max_connections=workers, max_keepalive_connections=workers)
    with (
        httpx.Client(
            verify=tls_context(job.authority), timeout=job.timeout, follow_redirects=True, limits=limits
        ) as client,
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
