"""A pool of threads that share one pyreqwest client.

Execution unit: operating system threads, in a ``ThreadPoolExecutor``. They share the process and one
``pyreqwest`` client. Its connections, its pool and its parser are in Rust, on a thread of its own which
needs no interpreter lock. It speaks HTTP/1.1 unless its builder enables HTTP/2.
Costs a stack for each thread, and a package without Python code to debug. Its own thread counts in the
row's CPU time and threads.
Choose it for very many requests with a blocking client.
"""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from pyreqwest.client import SyncClient, SyncClientBuilder
from pyreqwest.exceptions import RequestError

from impls.flags import Job, Outcome, failed, keep

DEFAULT = False
REQUIRES = ("pyreqwest",)
SERVERS = ("local",)  # the mock works with httpx only


def run(job: Job, *, workers: int) -> dict[str, Outcome]:
    builder = SyncClientBuilder().timeout(timedelta(seconds=job.timeout))
    if job.authority is not None:
        builder = builder.add_root_certificate_pem(job.authority.read_bytes())
    with builder.build() as client, ThreadPoolExecutor(workers) as pool:
        outcomes = pool.map(lambda code: download(client, job, code), job.codes)
        return dict(zip(job.codes, outcomes, strict=True))


def download(client: SyncClient, job: Job, code: str) -> Outcome:
    try:
        response = client.get(job.url(code)).build().send()
    except RequestError as error:
        return failed(error)
    return keep(job, code, response.status, response.bytes().to_bytes())
