"""A spinner in a task, with the slow part awaited in an interpreter.

Execution unit: a coroutine on the event loop, and a thread with its own interpreter, in an
``InterpreterPoolExecutor``. They share the process but no objects: job and answer are pickled. Each has
its own interpreter lock.
Costs an event loop, and an interpreter with its imports.
Choose it from Python 3.14 on, in an asynchronous program, for long CPU-bound work in pure Python. Keep
the pool.
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
    # A new interpreter starts with the initial sys.path of this process: pass the current one.
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
