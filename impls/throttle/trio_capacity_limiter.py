"""Tasks that take turns with a CapacityLimiter of trio.

Execution unit: trio tasks, all in one thread. They share a set of the current token holders.
Costs a turn of the loop for each acquire, and that set. Only a token holder can release, so an extra
release raises a RuntimeError.
Choose it in trio for every limit on work in flight.
"""

import time

import trio

from impls.throttle import Flight, Job, Span, Throttled, refused

DEFAULT = False
REQUIRES = ("trio",)


def run(job: Job, *, workers: int) -> Throttled:
    return trio.run(use_all, job, workers)


async def use_all(job: Job, workers: int) -> Throttled:
    limiter, flight = trio.CapacityLimiter(workers), Flight()
    spans: list[Span] = []

    async def use() -> None:
        begin = time.monotonic()
        for _ in range(job.pairs):
            async with limiter:
                if job.moment is not None:
                    with flight:
                        await trio.sleep(job.moment)
        spans.append(Span(begin, time.monotonic()))

    async with trio.open_nursery() as nursery:
        for _ in range(job.units):
            nursery.start_soon(use)
    why = refused(limiter.release)
    return Throttled(spans, flight.most, bounded=True, refused=why, room=int(limiter.available_tokens))
