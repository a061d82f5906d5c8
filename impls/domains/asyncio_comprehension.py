"""A comprehension that awaits each lookup in turn.

Execution unit: one coroutine, and one thread of the loop's default pool at a time. ``await`` in a
comprehension reads like ``gather``, but each lookup starts only after the previous one ends. Nothing
overlaps.
Costs the same as ``sequential``, plus a hop to the thread and back for each name.
Choose it if each step must wait for the previous one, or if other tasks of the loop have work
meanwhile.
"""

import asyncio
import socket

from impls.domains import Arrivals, Job, Result, absent

DEFAULT = False
WORKERS = 1


def run(job: Job, *, workers: int) -> Arrivals:
    return asyncio.run(probe_all(job))


async def probe_all(job: Job) -> Arrivals:
    arrivals = Arrivals()
    for result in [await probe(domain) for domain in job.domains]:
        arrivals.add(result)
    return arrivals


async def probe(domain: str) -> Result:
    try:
        await asyncio.get_running_loop().getaddrinfo(domain, None)
    except socket.gaierror as error:
        return absent(domain, error)
    return Result(domain, True)
