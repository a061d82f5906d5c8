"""A pool of threads; results are taken as they come.

Execution unit: threads of the operating system, in a ``ThreadPoolExecutor``. They share the process and
the interpreter lock, which ``getaddrinfo`` gives up while it waits. Costs a stack for each name in
flight, and a future for each name. Choose it for lookups in a program that blocks anyway: the pool is
as large as you say.
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
            pool.shutdown(cancel_futures=True)  # what has not begun need not
            raise
    return arrivals


def probe(domain: str) -> Result:
    try:
        socket.getaddrinfo(domain, None)
    except socket.gaierror as error:
        return absent(domain, error)
    return Result(domain, True)
