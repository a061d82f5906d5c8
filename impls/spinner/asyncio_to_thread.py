"""A spinner in a task, with the slow part awaited in a thread.

Execution unit: a coroutine on the event loop, and a thread of the loop's default pool. They share
everything, including the interpreter lock. While the slow part computes, the loop gets the lock one
switch interval after it asks. So the spinner is slightly late but never stops.
Costs an event loop and a thread. The thread cannot be cancelled and has to run to its end.
Choose it in an asynchronous program for anything that blocks.
"""

import asyncio

from impls.spinner import Job, Screen, Seen, slow

DEFAULT = False
WORKERS = 1


def run(job: Job, *, workers: int) -> Seen:
    return asyncio.run(supervise(job))


async def supervise(job: Job) -> Seen:
    screen = Screen()
    spinner = asyncio.create_task(spin(job.interval, screen))
    try:
        answer = await asyncio.to_thread(slow, job)
    finally:
        screen.stop()
        spinner.cancel()
        await asyncio.wait([spinner])
    return screen.seen(answer)


async def spin(interval: float, screen: Screen) -> None:
    while True:
        screen.draw()
        await asyncio.sleep(interval)
