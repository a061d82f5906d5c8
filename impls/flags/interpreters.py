"""A pool of interpreters in one process, each with its own client.

Execution unit: threads of one process. Each has its own interpreter and its own interpreter lock. They
share no Python objects: arguments and results are pickled, and each interpreter imports httpx again.
Costs these imports for each interpreter, but no process.
Choose it for CPU-bound work. For I/O-bound work it only delays the start.
"""

import pickle
import sys
from concurrent.futures import InterpreterPoolExecutor  # type: ignore[attr-defined]  # from 3.14 on
from functools import partial

import httpx

from impls.flags import Job, Outcome, failed, keep, tls_context

DEFAULT = False
PYTHON = ">=3.14"

# State of an interpreter between tasks. The client closes when the interpreter ends.
worker_job: Job
client: httpx.Client


def run(job: Job, *, workers: int) -> dict[str, Outcome]:
    # A new interpreter starts with the initial sys.path of this process: pass the current one
    # before unpickling, which imports this module.
    first = f"import pickle, sys; sys.path[:] = {sys.path!r}; pickle.loads(start)()"
    names = {"start": pickle.dumps(partial(start_worker, job))}
    with InterpreterPoolExecutor(workers, initializer=exec, initargs=(first, names)) as pool:
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
