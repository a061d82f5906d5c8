"""One request after the other, with a new client for each.

Execution unit: the main thread only. ``httpx.get`` creates a client, a TLS context and a connection for
every flag, and then discards them.
Costs more CPU time than the request itself, even for plain ``http://``.
Choose it for a script that sends a single request. For two requests, create a client.
"""

import httpx

from impls.flags import Job, Outcome, failed, keep, new_tls_context

DEFAULT = False
WORKERS = 1


def run(job: Job, *, workers: int) -> dict[str, Outcome]:
    return {code: download(job, code) for code in job.codes}


def download(job: Job, code: str) -> Outcome:
    try:
        response = httpx.get(
            job.url(code), verify=new_tls_context(job.authority), timeout=job.timeout,
            follow_redirects=True,
        )  # fmt: skip
    except httpx.HTTPError as error:
        return failed(error)
    return keep(job, code, response.status_code, response.content)
