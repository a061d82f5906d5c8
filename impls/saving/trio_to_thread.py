"""Files written in threads of trio.

Execution unit: threads of trio's cache. Tasks only wait for them. They share everything. Each call
passes a limiter, which enforces the bound.
Costs a task and a hop to a thread and back for each file. Idle threads stay for ten seconds and take
the next call from any task.
Choose it in a program that runs on trio, for large files, and for files that must each be on the disk.
"""

import trio

from impls.saving import Heart, Job, Served, save

DEFAULT = False
REQUIRES = ("trio",)


def run(job: Job, *, workers: int) -> Served:
    return trio.run(save_all, job, workers)


async def save_all(job: Job, workers: int) -> Served:
    sizes = [0] * len(job.contents)
    bound = trio.CapacityLimiter(workers)

    async def save_one(place: int) -> None:
        sizes[place] = await trio.to_thread.run_sync(save, job, place, limiter=bound)

    heart = Heart()
    async with trio.open_nursery() as living:
        living.start_soon(heart.beat, trio.sleep)
        async with trio.open_nursery() as saves:
            for place in range(len(job.contents)):
                saves.start_soon(save_one, place)
        heart.stop()
        living.cancel_scope.cancel()
    return Served(sizes, heart.beats)
