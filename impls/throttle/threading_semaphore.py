"""Threads that take turns with a Semaphore of threading.

Execution unit: threads, in a ``ThreadPoolExecutor``. They share a counter and the condition around it.
Costs a lock, taken in Python code by each acquire and each release. That is more than the lock alone.
An extra release is accepted silently and raises the limit by one for good.
Choose it if the program must release more than it acquires: one thread produces what the others wait
for.
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
