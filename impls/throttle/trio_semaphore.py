"""Tasks that take turns with a Semaphore of trio.

Execution unit: trio tasks, all in one thread. They share a counter and a queue of waiting tasks.
Costs a turn of the loop for each acquire, even without contention. In trio, every operation that may
wait lets the other tasks run. An extra release raises the limit by one for good, unless the semaphore
has a ``max_value``.
Choose it if the program must release more than it acquires.
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
