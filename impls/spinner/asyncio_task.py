"""A spinner in a task, the slow part straight in a coroutine.

Execution unit: two coroutines in one thread. They share everything, and give way only where they
await. While the slow part awaits a sleep, the spinner spins; while it computes, nothing does, not even
the first frame comes. A nap of 0 s now and then is enough to let the spinner in. Costs an event loop.
Choose it for a slow part that awaits; for any other, take it out of the loop: ``asyncio_to_thread``.
"""

import asyncio

from impls.spinner import Job, Screen, Seen, slow_async

WORKERS = 1
DEFAULT = ("waiting",)  # the others take seconds


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
