"""Threads that take turns by a BoundedSemaphore of threading.

Execution unit: threads, in a ``ThreadPoolExecutor``. They share a counter and the condition around it.
Costs what ``threading_semaphore`` costs and a comparison: one release too many is a ValueError where
it happens. Choose it for every bound on what may be in flight; a ``with`` block never releases too
much, yet not every program can do with one.
"""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

from impls.throttle import Flight, Job, Span, Throttled, refused

DEFAULT = False


def run(job: Job, *, workers: int) -> Throttled:
    semaphore = threading.BoundedSemaphore(workers)
    flight, ready = Flight(), threading.Barrier(job.units)

    def use(_: int) -> Span:
        ready.wait()
        begin = time.monotonic()
        for _ in range(job.pairs):
            with semaphore:
                if job.moment is not None:
                    with flight:
                        time.sleep(job.moment)
        return Span(begin, time.monotonic())

    with ThreadPoolExecutor(job.units) as pool:
        spans = list(pool.map(use, range(job.units)))
    why = refused(semaphore.release)
    room = 0
    while semaphore.acquire(blocking=False):
        room += 1
    return Throttled(spans, flight.most, bounded=True, refused=why, room=room)
