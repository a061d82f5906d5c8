"""A pool of greenlets that share one urllib3 pool of connections.

Execution unit: greenlets, all in one thread, in a pool of gevent. They share one
``urllib3.PoolManager``. gevent replaces the standard library's sockets and locks, so that blocking code
switches to another greenlet instead of waiting. So the code is that of a pool of threads.
Costs a change of the whole process, which must come before all other imports. A library in C that
blocks stops all greenlets, and names are looked up by threads. The process is one of its own, and all
its memory counts.
Choose it to have thousands of requests in flight in an existing program with blocking libraries.
"""

from gevent import monkey

monkey.patch_all()  # before all other imports, which else keep the originals

import urllib3  # noqa: E402 - see above
from gevent.pool import Pool  # noqa: E402

from impls.flags import Job, Outcome, failed, keep, tls_context  # noqa: E402

DEFAULT = False
OWN_PROCESS = True
REQUIRES = ("gevent", "urllib3")
SERVERS = ("local",)  # the mock works with httpx only

# By default urllib3 repeats a request that failed, and here each is sent once. Redirects are followed.
RETRIES = urllib3.Retry(connect=False, read=False, other=False)


def run(job: Job, *, workers: int) -> dict[str, Outcome]:
    pool = Pool(workers)
    with urllib3.PoolManager(
        # By default it keeps one connection to a server, and opens a new one for most requests.
        maxsize=workers, block=True,
        ssl_context=tls_context(job.authority), timeout=job.timeout, retries=RETRIES,
    ) as client:  # fmt: skip
        try:
            outcomes = pool.imap(lambda code: download(client, job, code), job.codes)
            return dict(zip(job.codes, outcomes, strict=True))
        finally:
            pool.kill()


def download(client: urllib3.PoolManager, job: Job, code: str) -> Outcome:
    try:
        response = client.request("GET", job.url(code))
    except urllib3.exceptions.HTTPError as error:
        return failed(error)
    return keep(job, code, response.status, response.data)
