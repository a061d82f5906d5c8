"""A pool of threads, with a new client for each request.

Execution unit: threads, in a ``ThreadPoolExecutor``. They share the interpreter lock and compete for
it: ``httpx.get`` creates a client and a TLS context for every flag.
Costs so much CPU time that I/O-bound work becomes CPU-bound, one thread at a time.
Choose it never. Many first examples are written this way, and so processes seem better than threads at
I/O-bound work.
"""

from concurrent.futures import ThreadPoolExecutor

import httpx

from impls.flags import Job, Outcome, failed, keep, new_tls_context

DEFAULT = ("pop20",)


def run(job: Job, *, workers: int) -> dict[str, Outcome]:
    with ThreadPoolExecutor(workers) as pool:
        outcomes = pool.map(lambda code: download(job, code), job.codes)
        return dict(zip(job.codes, outcomes, strict=True))


def download(job: Job, code: str) -> Outcome:
    try:
        response = httpx.get(
            job.url(code), verify=new_tls_context(job.authority), timeout=job.timeout,
            follow_redirects=True,
        )  # fmt: skip
    except httpx.HTTPError as error:
        return failed(error)
    return keep(job, code, response.status_code, response.content)
