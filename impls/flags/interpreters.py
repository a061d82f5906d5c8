"""A pool of interpreters in one process, each with a client of its own.

Execution unit: threads of one process, each with an interpreter and a lock of its own. They share
nothing that Python can see: what they get and give is pickled, and each imports httpx anew. Costs these
imports for each, though no process. Choose it for CPU-bound work; for I/O-bound work it only starts
later.
"""

import pickle
import sys
from concurrent.futures import InterpreterPoolExecutor  # type: ignore[attr-defined]  # from 3.14 on
from functools import partial

import httpx

from impls.flags import Job, Outcome, client_options, failed, keep

DEFAULT = False
PYTHON = ">=3.14"

# What an interpreter keeps from one task to the next, and closes by ending.
worker_job: Job
client: httpx.Client


def run(job: Job, *, workers: int) -> dict[str, Outcome]:
    # A new interpreter starts with the module path of this process at its start: set the current one,
    # and only then unpickle a function of this module.
    first = f"import pickle, sys; sys.path[:] = {sys.path!r}; pickle.loads(start)()"
    names = {"start": pickle.dumps(partial(start_worker, job))}
    with InterpreterPoolExecutor(workers, initializer=exec, initargs=(first, names)) as pool:
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
