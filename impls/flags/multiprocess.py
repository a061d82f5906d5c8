"""A pool of processes, each with a client of its own.

Execution unit: processes, in a ``ProcessPoolExecutor``. They share nothing: what they get and give is
pickled, and each makes its own ``httpx.Client``. Costs a fork and a TLS context for each, but not
every import again: a fork server that has imported this module once starts them. Choose it for work
that computes; for work that waits, it is the dearest way to wait.
"""

import multiprocessing
from concurrent.futures import ProcessPoolExecutor

import httpx

from impls.flags import Job, Outcome, client_options, failed, keep

START_METHOD = "forkserver"

# What a worker process keeps from one task to the next, and closes by ending.
worker_job: Job
client: httpx.Client


def run(job: Job, *, workers: int) -> dict[str, Outcome]:
    context = multiprocessing.get_context(START_METHOD)
    context.set_forkserver_preload([__name__])
    with ProcessPoolExecutor(workers, context, start_worker, (job,)) as pool:
        return dict(zip(job.codes, pool.map(download, job.codes), strict=True))


def start_worker(job: Job) -> None:
    global worker_job, client
    if job.initializer is not None:
        job.initializer()
    worker_job = job
    client = httpx.Client(**client_options(1))


def download(code: str) -> Outcome:
    try:
        response = client.get(worker_job.url(code))
    except httpx.HTTPError as error:
        return failed(error)
    return keep(worker_job, code, response.status_code, response.content)
