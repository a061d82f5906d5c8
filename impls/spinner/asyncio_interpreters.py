"""A spinner in a task, the slow part in an interpreter that is awaited.

Execution unit: a coroutine on the event loop, and a thread with an interpreter of its own, in an
``InterpreterPoolExecutor``. They share the process and no object: job and answer are pickled, and
each has its own interpreter lock. Costs an event loop, an interpreter, and the imports in it. Choose
it from Python 3.14 on, in an asynchronous program, for pure Python that computes for long, with a pool
that is kept.
"""

import asyncio
import sys
from concurrent.futures import InterpreterPoolExecutor  # type: ignore[attr-defined]  # from 3.14 on

from impls.spinner import Job, Screen, Seen, slow

DEFAULT = False
PYTHON = ">=3.14"
WORKERS = 1


def run(job: Job, *, workers: int) -> Seen:
    return asyncio.run(supervise(job))


async def supervise(job: Job) -> Seen:
    loop = asyncio.get_running_loop()
    # A new interpreter starts with the module path of this process at its start: set the current one.
    same_path = f"import sys; sys.path[:] = {sys.path!r}"
    with InterpreterPoolExecutor(1, initializer=exec, initargs=(same_path,)) as pool:
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
