"""Files written with trio's own asynchronous files and paths.

Execution unit: threads of trio's cache. Tasks only wait for them. They share everything. Each file
operation is awaited separately. Opening, writing, closing and renaming take four hops to a thread and
back, compared with one in ``trio_to_thread``. A limiter enforces the bound.
Costs those hops. Idle threads stay for ten seconds.
Choose it for files that a task reads or writes in pieces, as data arrives.
"""

import os

import trio

from impls.saving import Heart, Job, Served

DEFAULT = False
REQUIRES = ("trio",)


def run(job: Job, *, workers: int) -> Served:
    return trio.run(save_all, job, workers)


async def save_all(job: Job, workers: int) -> Served:
    sizes = [0] * len(job.contents)
    bound = trio.CapacityLimiter(workers)

    async def save_one(place: int) -> None:
        partial = trio.Path(job.partial(place))
        async with bound:
            async with await partial.open("wb") as file:
                sizes[place] = await file.write(job.contents[place])
                if job.synced:
                    await file.flush()
                    await trio.to_thread.run_sync(os.fsync, file.fileno())
            await partial.replace(job.path(place))

    heart = Heart()
    async with trio.open_nursery() as living:
        living.start_soon(heart.beat, trio.sleep)
        async with trio.open_nursery() as saves:
            for place in range(len(job.contents)):
                saves.start_soon(save_one, place)
        heart.stop()
        living.cancel_scope.cancel()
    return Served(sizes, heart.beats)
