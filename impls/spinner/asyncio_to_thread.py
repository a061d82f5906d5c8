"""A spinner in a task, the slow part in a thread that is awaited.

Execution unit: a coroutine on the event loop, and one of the loop's own threads. They share
everything, the interpreter lock included: while the slow part computes, the loop gets its turn one
switch interval after it asks, so the spinner is a little late and never stands still. Costs an event
loop and a thread; and that thread cannot be cancelled, it has to come to its end. Choose it in an
asynchronous program for whatever blocks.
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
