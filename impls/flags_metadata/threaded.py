"""A pool of threads with one client, one thread for both requests of a country.

Execution unit: operating system threads, in a ``ThreadPoolExecutor``. They share the process, one
``httpx.Client`` with its connections, and the interpreter lock. A thread releases that lock while it
waits for the network. The pool size is the bound: a thread that waits for the second answer takes no
other country.
Costs a stack for each thread. The threads also compete for the connection pool of the client.
Choose it for steps that depend on each other. The code reads from top to bottom, as in ``sequential``.
"""

from concurrent.futures import ThreadPoolExecutor

import httpx

from impls.flags_metadata import Job, Outcome, failed, keep, tls_context

DEFAULT = ("pop20",)


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
        image = client.get(job.url(code)).raise_for_status()
        metadata = client.get(job.metadata_url(code)).raise_for_status()
    except httpx.HTTPError as error:
        return failed(error)
    return keep(job, image, metadata)
