"""A pool of processes, each with its own client.

Execution unit: processes, in a ``ProcessPoolExecutor``. They share nothing: arguments and results are
pickled, and each process creates its own ``httpx.Client``.
Costs a fork and a client for each process. The imports and the TLS context cost only once: a fork
server prepares them and then starts the processes.
Choose it for CPU-bound work. For I/O-bound work it is the most expensive model.
"""

import multiprocessing
from concurrent.futures import ProcessPoolExecutor

import httpx

from impls.flags import Job, Outcome, failed, keep, tls_context

START_METHOD = "forkserver"

# State of a worker process between tasks. The client closes when the process ends.
worker_job: Job
client: httpx.Client

tls_context()  # runs on import, in the fork server: its children inherit the context


def run(job: Job, *, workers: int) -> dict[str, Outcome]:
    context = multiprocessing.get_context(START_METHOD)
    # httpx imports httpcore with its first client: without the preload, once in every process.
    context.set_forkserver_preload([__name__, "httpcore", *job.preload])
    with ProcessPoolExecutor(workers, context, start_worker, (job,)) as pool:
        return dict(zip(job.codes, pool.map(download, job.codes), strict=True))


def start_worker(job: Job) -> None:
    global worker_job, client
    if job.initializer is not None:
        job.initializer()
    worker_job = job
    client = httpx.Client(verify=tls_context(job.authority), timeout=job.timeout, follow_redirects=True)


def download(code: str) -> Outcome:
    try:
        response = client.get(worker_job.url(code))
    except httpx.HTTPError as error:
        return failed(error)
    return keep(worker_job, code, response.status_code, response.content)
