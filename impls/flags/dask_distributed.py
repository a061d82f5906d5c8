"""Tasks on a Dask cluster, whose workers may run on other hosts.

Execution unit: threads in the worker processes of the cluster. They share neither memory nor disk. Each
task downloads a share of the flags, one after the other, with its own client. It returns the images,
and this program saves them. There are as many tasks as the bound. The cluster runs as many of them at
once as it has threads.
Costs a trip through the scheduler for each task, and another one for each image.
Choose it if one host is not enough.
"""

from dataclasses import replace

import httpx
from distributed import Client

from impls.flags import Job, Outcome, failed, keep, tls_context

DEFAULT = False
REQUIRES = ("distributed",)
CLUSTER = "dask"
SERVERS = ("local",)  # the mock would have to be installed on every host

Answer = tuple[int, bytes]
"""A status code and a body."""


def run(job: Job, *, workers: int) -> dict[str, Outcome]:
    outcomes = {}
    shares = [replace(job, codes=job.codes[first::workers]) for first in range(workers)]
    with Client(job.cluster, set_as_default=False) as cluster:
        tasks = cluster.map(fetch, shares, pure=False)
        for share, answers in zip(shares, cluster.gather(tasks), strict=True):
            for code, answer in zip(share.codes, answers, strict=True):
                outcomes[code] = answer if isinstance(answer, Outcome) else keep(job, code, *answer)
    return {code: outcomes[code] for code in job.codes}


def fetch(job: Job) -> list[Answer | Outcome]:
    """Return the answer of the server for each flag, or the error."""
    with httpx.Client(
        verify=tls_context(job.authority), timeout=job.timeout, follow_redirects=True
    ) as client:
        return [ask(client, job.url(code)) for code in job.codes]


def ask(client: httpx.Client, url: str) -> Answer | Outcome:
    try:
        response = client.get(url)
    except httpx.HTTPError as error:
        return failed(error)
    return response.status_code, response.content
