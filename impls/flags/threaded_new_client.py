"""A pool of threads, a new client for each request.

Execution unit: threads, in a ``ThreadPoolExecutor``. They share the interpreter lock, and here they
need it: ``httpx.get`` makes a client and a TLS context for every flag. Costs so much CPU time that work
which only waits computes instead, one thread at a time. Choose it never: it is how first examples are
written, and why processes then seem to wait better than threads.
"""

from concurrent.futures import ThreadPoolExecutor

import httpx

from impls.flags import Job, Outcome, failed, keep

DEFAULT = ("pop20",)


def run(job: Job, *, workers: int) -> dict[str, Outcome]:
    with ThreadPoolExecutor(workers) as pool:
        outcomes = pool.map(lambda code: download(job, code), job.codes)
        return dict(zip(job.codes, outcomes, strict=True))


def download(job: Job, code: str) -> Outcome:
    try:
        response = httpx.get(job.url(code), timeout=job.timeout, follow_redirects=True)
    except httpx.HTTPError as error:
        return failed(error)
    return keep(job, code, response.status_code, response.content)
