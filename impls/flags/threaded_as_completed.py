"""A pool of threads, with results in order of completion.

Execution unit: threads, in a ``ThreadPoolExecutor``. They share the process, one ``httpx.Client`` and
the interpreter lock. Each flag is a future, and ``as_completed`` yields the futures as they finish.
Costs the same as ``threaded``, plus a future to keep track of for each flag. On a free-threaded build
the connection pool of httpx is not thread-safe.
Choose it over ``map`` to show progress, or to use a result while slower requests still run.
"""

from concurrent.futures import ThreadPoolExecutor, as_completed

import httpx

from impls.flags import Job, Outcome, failed, keep, tls_context

DEFAULT = False


def run(job: Job, *, workers: int) -> dict[str, Outcome]:
    outcomes = {}
    # Keep a connection for each thread: beyond 20 httpx closes idle ones, now and then one that another
    # thread is about to use, and its request fails (httpcore's issue 1110).
    limits = httpx.Limits(max_connections=workers, max_keepalive_connections=workers)
    with (
        httpx.Client(
            verify=tls_context(job.authority), timeout=job.timeout, follow_redirects=True, limits=limits
        ) as client,
        ThreadPoolExecutor(workers) as pool,
    ):
        codes = {pool.submit(download, client, job, code): code for code in job.codes}
        try:
            for future in as_completed(codes):
                outcomes[codes[future]] = future.result()
        except BaseException:
            pool.shutdown(cancel_futures=True)  # skip the calls that have not started
            raise
    return {code: outcomes[code] for code in job.codes}


def download(client: httpx.Client, job: Job, code: str) -> Outcome:
    try:
        response = client.get(job.url(code))
    except httpx.HTTPError as error:
        return failed(error)
    return keep(job, code, response.status_code, response.content)
