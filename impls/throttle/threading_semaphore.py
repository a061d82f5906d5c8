"""Threads that take turns by a Semaphore of threading.

Execution unit: threads, in a ``ThreadPoolExecutor``. They share a counter and the condition around it.
Costs a lock, taken to acquire and taken to release, in Python: more than the lock alone. It counts
every release, so an extra release is accepted silently and raises the bound for good. Choose it where
units release more often than they acquire: where another produces what they wait for.
"""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

from impls.throttle import Flight, Job, Span, Throttled, refused

DEFAULT = ("uncontended",)


def run(job: Job, *, workers: int) -> Throttled:
    semaphore = threading.Semaphore(workers)
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
    return Throttled(spans, flight.most, bounded=False, refused=why, room=room)
