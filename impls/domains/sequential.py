"""One name after the other.

Execution unit: the main thread only.
Costs nothing: the time is the sum of all waits. The other models are compared with it.
"""

import socket

from impls.domains import Arrivals, Job, Result, absent

DEFAULT = False
WORKERS = 1


def run(job: Job, *, workers: int) -> Arrivals:
    arrivals = Arrivals()
    for domain in job.domains:
        arrivals.add(probe(domain))
    return arrivals


def probe(domain: str) -> Result:
    try:
        socket.getaddrinfo(domain, None)
    except socket.gaierror as error:
        return absent(domain, error)
    return Result(domain, True)
