"""Coroutines that take turns with a Semaphore of asyncio.

Execution unit: coroutines, all in one thread. They share a counter and a queue of waiting coroutines.
Costs no lock, because no other coroutine can interfere. Without contention, an acquire does not even
take a turn of the loop. An extra release is accepted silently and raises the limit by one for good.
Choose it if the program must release more than it acquires. It is not thread-safe.
"""

import asyncio
import time

from impls.throttle import Flight, Job, Span, Throttled, refused

DEFAULT = ("uncontended",)


def run(job: Job, *, workers: int) -> Throttled:
    return asyncio.run(use_all(job, workers))


async def use_all(job: Job, workers: int) -> Throttled:
    semaphore, flight = asyncio.Semaphore(workers), Flight()

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
    return Throttled(spans, flight.most, bounded=False, refused=why, room=room)
