"""Coroutines that take turns with a BoundedSemaphore of asyncio.

Execution unit: coroutines, all in one thread. They share a counter and a queue of waiting coroutines.
Costs the same as ``asyncio_semaphore``, plus a comparison. An extra release raises a ValueError where
it happens.
Choose it for every limit on work in flight in an event loop. It is not thread-safe.
"""

import asyncio
import time

from impls.throttle import Flight, Job, Span, Throttled, refused

DEFAULT = False


def run(job: Job, *, workers: int) -> Throttled:
    return asyncio.run(use_all(job, workers))


async def use_all(job: Job, workers: int) -> Throttled:
    semaphore, flight = asyncio.BoundedSemaphore(workers), Flight()

    async def use() -> Span:
        begin = time.monotonic()
        for _ in range(job.pairs):
            async with semaphore:
                if job.moment is not None:
                    with flight:
                        await asyncio.sleep(job.moment)
        return Span(begin, time.monotonic())

    spans = await asyncio.gather(*(use() for _ in range(job.units)))
    why = refused(semaphore.release)
    room = 0
    while not semaphore.locked():
        await semaphore.acquire()
        room += 1
    return Throttled(spans, flight.most, bounded=True, refused=why, room=room)
