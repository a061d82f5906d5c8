"""One request after the other, a new client for each.

Execution unit: none but the main thread. ``httpx.get`` makes a client, a TLS context and a connection
for every flag, and throws them away. Costs more CPU time than the whole request, even for plain
``http://``. Choose it for a script that sends one request; for two, make a client.
"""

import httpx

from impls.flags import Job, Outcome, failed, keep

DEFAULT = False
WORKERS = 1


def run(job: Job, *, workers: int) -> dict[str, Outcome]:
    return {code: download(job, code) for code in job.codes}


def download(job: Job, code: str) -> Outcome:
    try:
        response = httpx.get(job.url(code), timeout=job.timeout, follow_redirects=True)
    except httpx.HTTPError as error:
        return failed(error)
    return keep(job, code, response.status_code, response.content)
