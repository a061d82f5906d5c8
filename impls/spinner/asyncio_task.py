"""A spinner in a task, with the slow part directly in a coroutine.

Execution unit: two coroutines in one thread. They share everything, and yield only at an ``await``.
While the slow part awaits a sleep, the spinner spins. While it computes, the spinner is blocked, and
even the first frame is missing. An occasional sleep of 0 s is enough to let the spinner run.
Costs an event loop.
Choose it for a slow part that awaits. Move any other slow part out of the loop, as in
``asyncio_to_thread``.
"""

import asyncio

from impls.spinner import Job, Screen, Seen, slow_async

WORKERS = 1
DEFAULT = ("waiting",)  # the other cases take seconds


def run(job: Job, *, workers: int) -> Seen:
    return asyncio.run(supervise(job))


async def supervise(job: Job) -> Seen:
    screen = Screen()
    spinner = asyncio.create_task(spin(job.interval, screen))
    try:
        answer = await slow_async(job, asyncio.sleep)
    finally:
        screen.stop()
        spinner.cancel()
        await asyncio.wait([spinner])
    return screen.seen(answer)


async def spin(interval: float, screen: Screen) -> None:
    while True:
        screen.draw()
        await asyncio.sleep(interval)
