"""Threads that take turns with a BoundedSemaphore of threading.

Execution unit: threads, in a ``ThreadPoolExecutor``. They share a counter and the condition around it.
Costs the same as ``threading_semaphore``, plus a comparison. An extra release raises a ValueError where
it happens.
Choose it for every limit on work in flight. A ``with`` block never releases too much, but not every
program can use one.
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
