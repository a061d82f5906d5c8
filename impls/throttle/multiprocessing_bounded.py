"""Processes that take turns with a BoundedSemaphore of multiprocessing.

Execution unit: processes, in a ``ProcessPoolExecutor``. They share a semaphore of the operating system,
which each process receives when it starts.
Costs the same as ``multiprocessing_semaphore``, plus a check of the counter. An extra release raises a
ValueError, except on macOS, which does not report the counter.
Choose it for every limit on what processes may do at the same time.
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
    """Initialize a worker process: it can only receive a semaphore when it starts."""
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
