"""A pool of processes, with a new client for each request.

Execution unit: processes, in a ``ProcessPoolExecutor``. They share nothing, not even a lock. Each
process creates a TLS context for every flag, on any free core.
Costs a process for each worker and a client for each flag.
Choose it never. It is only faster than threads that make the same mistake.
"""

import multiprocessing
from concurrent.futures import ProcessPoolExecutor

import httpx

from impls.flags import Job, Outcome, failed, keep, new_tls_context

DEFAULT = False
START_METHOD = "forkserver"

worker_job: Job  # state of a worker process between tasks


def run(job: Job, *, workers: int) -> dict[str, Outcome]:
    context = multiprocessing.get_context(START_METHOD)
    # httpx imports httpcore with its first client: without the preload, once in every process.
    context.set_forkserver_preload([__name__, "httpcore", *job.preload])
    with ProcessPoolExecutor(workers, context, start_worker, (job,)) as pool:
        return dict(zip(job.codes, pool.map(download, job.codes), strict=True))


def start_worker(job: Job) -> None:
    global worker_job
    if job.initializer is not None:
        job.initializer()
    worker_job = job


def download(code: str) -> Outcome:
    try:
        response = httpx.get(
            worker_job.url(code), verify=new_tls_context(worker_job.authority),
            timeout=worker_job.timeout, follow_redirects=True,
        )  # fmt: skip
    except httpx.HTTPError as error:
        return failed(error)
    return keep(worker_job, code, response.status_code, response.content)
