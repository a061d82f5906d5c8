"""A pool of threads; results are taken as they come.

Execution unit: threads, in a ``ThreadPoolExecutor``. They share the process, one ``httpx.Client`` and
the interpreter lock. Each flag is a future, and ``as_completed`` hands over whichever is done next.
Costs what ``threaded`` costs, and a future to look after for each flag. On a free-threaded build
httpx's pool is not safe among threads. Choose it over ``map`` to show progress, or to go on with a
result while the slow ones are still on their way.
"""

from concurrent.futures import ThreadPoolExecutor, as_completed

import httpx

from impls.flags import Job, Outcome, client_options, failed, keep

DEFAULT = False


def run(job: Job, *, workers: int) -> dict[str, Outcome]:
    outcomes = {}
    with (
        httpx.Client(**client_options(job, workers)) as client,
        ThreadPoolExecutor(workers) as pool,
    ):
        codes = {pool.submit(download, client, job, code): code for code in job.codes}
        try:
            for future in as_completed(codes):
                outcomes[codes[future]] = future.result()
        except BaseException:
            pool.shutdown(cancel_futures=True)  # what has not begun need not
            raise
    return {code: outcomes[code] for code in job.codes}


def download(client: httpx.Client, job: Job, code: str) -> Outcome:
    try:
        response = client.get(job.url(code))
    except httpx.HTTPError as error:
        return failed(error)
    return keep(job, code, response.status_code, response.content)
