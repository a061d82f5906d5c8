"""Processes that take turns by a BoundedSemaphore of multiprocessing.

Execution unit: processes, in a ``ProcessPoolExecutor``. They share a semaphore of the operating system,
which each gets when it starts. Costs what ``multiprocessing_semaphore`` costs and a check of the
counter: an extra release raises ValueError, except on macOS, where the counter cannot be read. Choose
it for every bound on what processes may do at the same time.
"""

import multiprocessing
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing.synchronize import Barrier, BoundedSemaphore
from typing import Any

from impls.throttle import Flight, Job, Span, Throttled, refused

DEFAULT = False
START_METHOD = "forkserver"

semaphore: BoundedSemaphore
flight: Flight
ready: Barrier


def run(job: Job, *, workers: int) -> Throttled:
    context = multiprocessing.get_context(START_METHOD)
    context.set_forkserver_preload([__name__])
    semaphore, flight = context.BoundedSemaphore(workers), Flight.of_processes(context)
    given = (semaphore, flight, context.Barrier(job.units))
    with ProcessPoolExecutor(job.units, context, initializer=take, initargs=given) as pool:
        spans = list(pool.map(use, [job] * job.units))
    why = refused(semaphore.release)
    room = 0
    while semaphore.acquire(block=False):
        room += 1
    return Throttled(spans, flight.most, bounded=True, refused=why, room=room)


def take(*given: Any) -> None:
    """In each process, at its start: no other way leads a semaphore there."""
    global semaphore, flight, ready
    semaphore, flight, ready = given


def use(job: Job) -> Span:
    ready.wait()
    begin = time.monotonic()
    for _ in range(job.pairs):
        with semaphore:
            if job.moment is not None:
                with flight:
                    time.sleep(job.moment)
    return Span(begin, time.monotonic())
