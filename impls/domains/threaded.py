"""A pool of threads, with results in order of completion.

Execution unit: operating system threads, in a ``ThreadPoolExecutor``. They share the process and the
interpreter lock. ``getaddrinfo`` releases that lock while it waits.
Costs a stack for each name in flight, and a future for each name.
Choose it for lookups in a blocking program: you set the size of the pool.
"""

import socket
from concurrent.futures import ThreadPoolExecutor, as_completed

from impls.domains import Arrivals, Job, Result, absent

DEFAULT = False


def run(job: Job, *, workers: int) -> Arrivals:
    arrivals = Arrivals()
    with ThreadPoolExecutor(workers) as pool:
        probes = [pool.submit(probe, domain) for domain in job.domains]
        try:
            for future in as_completed(probes):
                arrivals.add(future.result())
        except BaseException:
            pool.shutdown(cancel_futures=True)  # skip the calls that have not started
            raise
    return arrivals


def probe(domain: str) -> Result:
    try:
        socket.getaddrinfo(domain, None)
    except socket.gaierror as error:
        return absent(domain, error)
    return Result(domain, True)
