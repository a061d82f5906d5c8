"""One request after the other.

Execution unit: the main thread only. One ``httpx.Client`` and its connection serve every country.
Costs nothing and hides nothing: the time is the sum of all waits. The other models are compared with
it.
"""

import httpx

from impls.flags_metadata import Job, Outcome, failed, keep, tls_context

DEFAULT = False
WORKERS = 1


def run(job: Job, *, workers: int) -> dict[str, Outcome]:
    with httpx.Client(
        verify=tls_context(job.authority), timeout=job.timeout, follow_redirects=True
    ) as client:
        return {code: download(client, job, code) for code in job.codes}


def download(client: httpx.Client, job: Job, code: str) -> Outcome:
    try:
        image = client.get(job.url(code)).raise_for_status()
        metadata = client.get(job.metadata_url(code)).raise_for_status()
    except httpx.HTTPError as error:
        return failed(error)
    return keep(job, image, metadata)
