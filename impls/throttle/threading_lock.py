"""Threads that take turns with a Lock: a limit of one.

Execution unit: threads, in a ``ThreadPoolExecutor``. They share the lock.
Costs almost nothing without contention: it is implemented in C and has no counter. An extra release
raises a RuntimeError.
Choose it if only one unit may be in flight.
"""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

from impls.throttle import Flight, Job, Span, Throttled, refused

DEFAULT = False
WORKERS = 1


def run(job: Job, *, workers: int) -> Throttled:
    semaphore = threading.Lock()
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
