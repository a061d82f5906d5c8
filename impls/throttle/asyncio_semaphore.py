"""Coroutines that take turns by a Semaphore of asyncio.

Execution unit: coroutines, all in one thread. They share a counter and a queue of those who wait.
Costs no lock, for nobody comes between; who need not wait does not even give the loop a turn. One
release too many lets one more in for ever, and nobody is told. Choose it where more is to be released
than was acquired; not among threads, for which it is not safe.
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
