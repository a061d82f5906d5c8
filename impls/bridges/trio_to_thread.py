"""Blocking calls in threads of trio.

Execution unit: threads of trio's cache. Tasks only wait for them. They share everything. Each call
passes a limiter, which enforces the bound: there is no pool of a fixed size.
Costs a hop to a thread and back for each call. Idle threads stay for ten seconds and take the next call
from any task.
Choose it in a program that runs on trio.
"""

import trio

from impls.bridges import Heart, Job, Served

DEFAULT = False
REQUIRES = ("trio",)


def run(job: Job, *, workers: int) -> Served:
    return trio.run(call_all, job, workers)


async def call_all(job: Job, workers: int) -> Served:
    results = [0] * len(job.numbers)
    bound = trio.CapacityLimiter(workers)

    async def call(place: int, number: int) -> None:
        results[place] = await trio.to_thread.run_sync(job.call, number, limiter=bound)

    heart = Heart()
    async with trio.open_nursery() as living:
        living.start_soon(heart.beat, trio.sleep)
        async with trio.open_nursery() as calls:
            for place, number in enumerate(job.numbers):
                calls.start_soon(call, place, number)
        heart.stop()
        living.cancel_scope.cancel()
    return Served(results, heart.beats)
