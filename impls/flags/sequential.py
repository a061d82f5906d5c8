"""One request after the other.

Execution unit: the main thread only. One ``httpx.Client`` and its connection serve every flag.
Costs nothing and hides nothing: the time is the sum of all waits. The other models are compared with
it. It is the right choice if there is little to wait for.
"""

import httpx

from impls.flags import Job, Outcome, failed, keep, tls_context

DEFAULT = ("all194",)
WORKERS = 1


def run(job: Job, *, workers: int) -> dict[str, Outcome]:
    with httpx.Client(
        verify=tls_context(job.authority), timeout=job.timeout, follow_redirects=True
    ) as client:
        return {code: download(client, job, code) for code in job.codes}


def download(client: httpx.Client, job: Job, code: str) -> Outcome:
    try:
        response = client.get(job.url(code))
    except httpx.HTTPError as error:
        return failed(error)
    return keep(job, code, response.status_code, response.content)
