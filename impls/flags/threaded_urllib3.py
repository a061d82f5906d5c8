"""A pool of threads that share one urllib3 pool manager.

Execution unit: operating system threads, in a ``ThreadPoolExecutor``. They share the process, the
interpreter lock and one ``urllib3.PoolManager``, which is thread-safe. Its idle connections lie on a
stack, so a thread gets one without a search. It speaks HTTP/1.1 only.
Costs a stack for each thread, and terms of a lower level: no cookies, no sessions.
Choose it for many concurrent requests with a blocking client in pure Python.
"""

from concurrent.futures import ThreadPoolExecutor

import urllib3

from impls.flags import Job, Outcome, failed, keep, tls_context

DEFAULT = ("all194",)
REQUIRES = ("urllib3",)
SERVERS = ("local",)  # the mock works with httpx only

# By default urllib3 repeats a request that failed, and here each is sent once. Redirects are followed.
RETRIES = urllib3.Retry(connect=False, read=False, other=False)


def run(job: Job, *, workers: int) -> dict[str, Outcome]:
    with (
        urllib3.PoolManager(
            # By default it keeps one connection to a server, and opens a new one for most requests.
            maxsize=workers, block=True,
            ssl_context=tls_context(job.authority), timeout=job.timeout, retries=RETRIES,
        ) as client,
        ThreadPoolExecutor(workers) as pool,
    ):  # fmt: skip
        outcomes = pool.map(lambda code: download(client, job, code), job.codes)
        return dict(zip(job.codes, outcomes, strict=True))


def download(client: urllib3.PoolManager, job: Job, code: str) -> Outcome:
    try:
        response = client.request("GET", job.url(code))
    except urllib3.exceptions.HTTPError as error:
        return failed(error)
    return keep(job, code, response.status, response.data)
