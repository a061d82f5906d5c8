"""A pool of threads, each with its own handle of libcurl.

Execution unit: operating system threads, in a ``ThreadPoolExecutor``. They share the process and the
interpreter lock, but no handle: a handle keeps its connection, and works in C without the lock. It
agrees on HTTP/2 with a TLS server that has it.
Costs a stack, a handle and a connection for each thread, and the terms of libcurl. Over TLS each
handle reads all certificate authorities, as a new client does.
Choose it for many concurrent requests that need what only curl can do.
"""

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from pathlib import Path

import certifi
import pycurl

from impls.flags import Job, Outcome, failed, keep

DEFAULT = False
REQUIRES = ("pycurl", "certifi")
SERVERS = ("local",)  # the mock works with httpx only


def run(job: Job, *, workers: int) -> dict[str, Outcome]:
    thread = threading.local()
    files = [Path(certifi.where()), *([] if job.authority is None else [job.authority])]
    authorities = b"\n".join(file.read_bytes() for file in files)
    with ExitStack() as handles:

        def start_thread() -> None:
            thread.curl = curl = handles.enter_context(closing(pycurl.Curl()))
            curl.setopt(pycurl.CAINFO_BLOB, authorities)
            curl.setopt(pycurl.TIMEOUT_MS, round(job.timeout * 1000))
            curl.setopt(pycurl.FOLLOWLOCATION, True)
            curl.setopt(pycurl.NOSIGNAL, True)  # a signal for a timeout could reach another thread

        with ThreadPoolExecutor(workers, initializer=start_thread) as pool:
            outcomes = pool.map(lambda code: download(thread.curl, job, code), job.codes)
            return dict(zip(job.codes, outcomes, strict=True))


def download(curl: pycurl.Curl, job: Job, code: str) -> Outcome:
    curl.setopt(pycurl.URL, job.url(code))
    try:
        body = curl.perform_rb()
    except pycurl.error as error:
        return failed(error)
    return keep(job, code, curl.getinfo(pycurl.RESPONSE_CODE), body)
