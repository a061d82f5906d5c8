"""A pool of threads, each with its own requests session.

Execution unit: operating system threads, in a ``ThreadPoolExecutor``. They share the process and the
interpreter lock, but no ``requests.Session``, which does not promise to be thread-safe. A session keeps
its connection. It speaks HTTP/1.1 only.
Costs a stack, a session and a connection for each thread. For each request, requests also looks for
proxies in the environment and merges settings.
Choose it if your program uses requests already, and its own CPU time matters little.
"""

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any

import requests
from requests.adapters import HTTPAdapter

from impls.flags import Job, Outcome, failed, keep, tls_context

DEFAULT = ("all194",)
REQUIRES = ("requests",)
SERVERS = ("local",)  # the mock works with httpx only


class SharedContextAdapter(HTTPAdapter):
    """Its sessions share a TLS context, so that not each connection loads the certificates again."""

    def __init__(self, job: Job) -> None:
        self.context = tls_context(job.authority)
        super().__init__()

    def build_connection_pool_key_attributes(self, *args: Any, **options: Any) -> tuple[Any, Any]:
        host, _ = super().build_connection_pool_key_attributes(*args, **options)
        return host, {"ssl_context": self.context}

    def cert_verify(self, *_: Any) -> None:
        """The context verifies."""


def run(job: Job, *, workers: int) -> dict[str, Outcome]:
    thread = threading.local()
    with ExitStack() as sessions:

        def start_thread() -> None:
            thread.session = sessions.enter_context(requests.Session())
            thread.session.mount("https://", SharedContextAdapter(job))

        with ThreadPoolExecutor(workers, initializer=start_thread) as pool:
            outcomes = pool.map(lambda code: download(thread.session, job, code), job.codes)
            return dict(zip(job.codes, outcomes, strict=True))


def download(session: requests.Session, job: Job, code: str) -> Outcome:
    try:
        response = session.get(job.url(code), timeout=job.timeout)
    except requests.RequestException as error:
        return failed(error)
    return keep(job, code, response.status_code, response.content)
