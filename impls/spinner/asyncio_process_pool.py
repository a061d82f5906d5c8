"""A spinner in a task, with the slow part awaited in a process.

Execution unit: a coroutine on the event loop, and a process in a ``ProcessPoolExecutor``. They share
nothing: job and answer are pickled, and the slow part has its own interpreter lock.
Costs an event loop and a process. The loop is blocked while the process starts.
Choose it in an asynchronous program for long CPU-bound work. Keep the pool.
"""

import asyncio
import multiprocessing
from concurrent.futures import ProcessPoolExecutor

from impls.spinner import Job, Screen, Seen, slow

DEFAULT = False
START_METHOD = "forkserver"
WORKERS = 1


def run(job: Job, *, workers: int) -> Seen:
    return asyncio.run(supervise(job))


async def supervise(job: Job) -> Seen:
    loop = asyncio.get_running_loop()
    context = multiprocessing.get_context(START_METHOD)
    context.set_forkserver_preload([__name__])
    with ProcessPoolExecutor(1, context) as pool:
        screen = Screen()
        spinner = asyncio.create_task(spin(job.interval, screen))
        try:
            answer = await loop.run_in_executor(pool, slow, job)
        finally:
            screen.stop()
            spinner.cancel()
            await asyncio.wait([spinner])
        return screen.seen(answer)


async def spin(interval: float, screen: Screen) -> None:
    while True:
        screen.draw()
        await asyncio.sleep(interval)
