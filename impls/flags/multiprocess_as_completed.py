"""A pool of processes; results are taken as they come.

Execution unit: processes, in a ``ProcessPoolExecutor``, each with a client of its own. They share
nothing. Each flag is a future, and ``as_completed`` hands over whichever is done next. Costs what
``multiprocess`` costs. Choose it over ``map`` to show progress, or to go on with a result while slow
ones are on their way.
"""

import multiprocessing
from concurrent.futures import ProcessPoolExecutor, as_completed

import httpx

from impls.flags import Job, Outcome, client_options, failed, keep, tls_context

DEFAULT = False
START_METHOD = "forkserver"

# What a worker process keeps from one task to the next, and closes by ending.
worker_job: Job
client: httpx.Client

tls_context()  # on import, so in the fork server: its children inherit the context


def run(job: Job, *, workers: int) -> dict[str, Outcome]:
    outcomes = {}
    context = multiprocessing.get_context(START_METHOD)
    # httpx imports httpcore with its first client: without this, in every process anew.
    context.set_forkserver_preload([__name__, "httpcore"])
    with ProcessPoolExecutor(workers, context, start_worker, (job,)) as pool:
        codes = {pool.submit(download, code): code for code in job.codes}
        try:
            for future in as_completed(codes):
                outcomes[codes[future]] = future.result()
        except BaseException:
            pool.shutdown(cancel_futures=True)  # what has not begun need not
            raise
    return {code: outcomes[code] for code in job.codes}


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
