"""Blocking calls in threads of anyio.

Execution unit: worker threads of anyio in the event loop. Tasks only wait for them. They share
everything. Each call passes a limiter, which enforces the bound. Without it, anyio uses its default
limiter of 40 calls. Web frameworks make their blocking calls this way.
Costs a hop to a thread and back for each call, and a thin layer over the loop.
Choose it for libraries whose users choose the event loop.
"""

import anyio
import anyio.to_thread

from impls.bridges import Heart, Job, Served

DEFAULT = False
REQUIRES = ("anyio",)


def run(job: Job, *, workers: int) -> Served:
    return anyio.run(call_all, job, workers)


async def call_all(job: Job, workers: int) -> Served:
    results = [0] * len(job.numbers)
    bound = anyio.CapacityLimiter(workers)

    async def call(place: int, number: int) -> None:
        results[place] = await anyio.to_thread.run_sync(job.call, number, limiter=bound)

    heart = Heart()
    async with anyio.create_task_group() as living:
        living.start_soon(heart.beat, anyio.sleep)
        async with anyio.create_task_group() as calls:
            for place, number in enumerate(job.numbers):
                calls.start_soon(call, place, number)
        heart.stop()
        living.cancel_scope.cancel()
    return Served(results, heart.beats)
