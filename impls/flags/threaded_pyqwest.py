"""A pool of threads that share one pyqwest client.

Execution unit: operating system threads, in a ``ThreadPoolExecutor``. They share the process and one
``pyqwest.SyncClient``. Its connections, its pool and its parser are in Rust, on threads of their own
which need no interpreter lock. It agrees on HTTP/2 with a TLS server that has it.
Costs a stack for each thread, and a package without Python code to debug. Its own threads count in the
row's CPU time and threads.
Choose it for very many requests with a blocking client.
"""

from concurrent.futures import ThreadPoolExecutor

import pyqwest

from impls.flags import Job, Outcome, failed, keep

DEFAULT = ("all194",)
REQUIRES = ("pyqwest",)
SERVERS = ("local",)  # the mock works with httpx only

ERRORS = (OSError, pyqwest.ReadError, pyqwest.WriteError, pyqwest.RemoteProtocolError)
"""What a request raises; ``OSError`` for a connection that fails and for a timeout."""


def run(job: Job, *, workers: int) -> dict[str, Outcome]:
    authority = None if job.authority is None else job.authority.read_bytes()
    with (
        pyqwest.SyncHTTPTransport(
            tls_ca_cert=authority, tls_include_system_certs=True, timeout=job.timeout,
            # By default it keeps two connections, and opens a new one for most requests.
            pool_max_idle_per_host=workers,
        ) as transport,
        ThreadPoolExecutor(workers) as pool,
    ):  # fmt: skip
        client = pyqwest.SyncClient(transport)
        outcomes = pool.map(lambda code: download(client, job, code), job.codes)
        return dict(zip(job.codes, outcomes, strict=True))


def download(client: pyqwest.SyncClient, job: Job, code: str) -> Outcome:
    try:
        response = client.get(job.url(code))
    except ERRORS as error:
        return failed(error)
    return keep(job, code, response.status, response.content)
