"""Tasks that take turns by a Semaphore of trio.

Execution unit: trio's tasks, all in one thread. They share a counter and a queue of those who wait.
Costs a turn of the loop for each time it is acquired, even without contention: in trio, every operation
that can wait yields to the other tasks. An extra release raises the bound for good, unless it is made
with a ``max_value``. Choose it where units release more often than they acquire.
"""

import time

import trio

from impls.throttle import Flight, Job, Span, Throttled, refused

DEFAULT = False
REQUIRES = ("trio",)


def run(job: Job, *, workers: int) -> Throttled:
    return trio.run(use_all, job, workers)


async def use_all(job: Job, workers: int) -> Throttled:
    semaphore, flight = trio.Semaphore(workers), Flight()
    spans: list[Span] = []

    async def use() -> None:
        begin = time.monotonic()
        for _ in range(job.pairs):
            async with semaphore:
                if job.moment is not None:
                    with flight:
                        await trio.sleep(job.moment)
        spans.append(Span(begin, time.monotonic()))

    async with trio.open_nursery() as nursery:
        for _ in range(job.units):
            nursery.start_soon(use)
    why = refused(semaphore.release)
    return Throttled(spans, flight.most, bounded=False, refused=why, room=semaphore.value)
