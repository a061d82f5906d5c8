"""A spinner in a task of trio, with the slow part beside it in the nursery.

Execution unit: two trio tasks in one thread. They share everything, and yield only at an ``await``. A
CPU-bound slow part blocks the spinner until it sleeps. To stop the spinner, the program cancels the
scope of the nursery. After the block of the nursery, the spinner has certainly ended. Errors arrive as
an ExceptionGroup.
Costs a package to install.
Choose it for programs that must end cleanly in all circumstances.
"""

import trio

from impls.spinner import Job, Screen, Seen, slow_async

DEFAULT = False
REQUIRES = ("trio",)
WORKERS = 1


def run(job: Job, *, workers: int) -> Seen:
    return trio.run(supervise, job)


async def supervise(job: Job) -> Seen:
    screen = Screen()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(spin, job.interval, screen)
        answer = await slow_async(job, trio.sleep)
        screen.stop()
        nursery.cancel_scope.cancel()
    return screen.seen(answer)


async def spin(interval: float, screen: Screen) -> None:
    while True:
        screen.draw()
        await trio.sleep(interval)
