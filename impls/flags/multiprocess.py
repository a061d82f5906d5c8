"""A pool of processes, each with a client of its own.

Execution unit: processes, in a ``ProcessPoolExecutor``. They share nothing: what they get and give is
pickled, and each makes its own ``httpx.Client``. Costs a fork and a client for each, but not every
import and TLS context again: a fork server that has them once starts the others. Choose it for work
that computes; for work that waits, it is the dearest way to wait.
"""

import multiprocessing
from concurrent.futures import ProcessPoolExecutor

import httpx

from impls.flags import Job, Outcome, client_options, failed, keep, tls_context

START_METHOD = "forkserver"

# What a worker process keeps from one task to the next, and closes by ending.
worker_job: Job
client: httpx.Client

tls_context()  # on import, so in the fork server: its children inherit the context


def run(job: Job, *, workers: int) -> dict[str, Outcome]:
    context = multiprocessing.get_context(START_METHOD)
    # httpx imports httpcore with its first client: without this, in every process anew.
    context.set_forkserver_preload([__name__, "httpcore"])
    with ProcessPoolExecutor(workers, context, start_worker, (job,)) as pool:
        return dict(zip(job.codes, pool.map(download, job.codes), strict=True))


def start_worker(job: Job) -> None:
    global worker_job, client
    if job.initializer is not None:
        job.initializer()
    worker_job = job
    client = httpx.Client(**client_options(job, 1))


def download(code: str) -> Outcome:
    try:
        response = client.get(worker_job.url(code))
    except httpx.HTTPError as error:
        return failed(error)
    return keep(worker_job, code, response.status_code, response.content)
