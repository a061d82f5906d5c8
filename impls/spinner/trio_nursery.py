"""A spinner in a task of trio, the slow part straight beside it in the nursery.

Execution unit: two of trio's tasks, in one thread. They share everything, and give way only where they
await: a slow part that computes holds the spinner up until it naps. To stop is to cancel the nursery's
scope, and to leave its block is to know that the spinner is gone; an error arrives as an
ExceptionGroup. Costs a package to install. Choose it for programs that must end cleanly whatever
happens.
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
