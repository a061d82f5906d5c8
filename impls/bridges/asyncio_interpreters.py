"""Blocking calls in a pool of interpreters in this process.

Execution unit: threads, each with its own interpreter, in an ``InterpreterPoolExecutor``. Coroutines
only wait for them. They share the process, but no objects and no lock with the loop. Numbers and
results are pickled. The pool opens before the loop and closes after it.
Costs an interpreter for each worker, with its imports, in every round.
Choose it from Python 3.14 on for CPU-bound calls. Keep the pool, because the start is the expensive
part.
"""

import asyncio
import sys
from concurrent.futures import InterpreterPoolExecutor  # type: ignore[attr-defined]  # from 3.14 on

from impls.bridges import Heart, Job, Served

DEFAULT = False
PYTHON = ">=3.14"


def run(job: Job, *, workers: int) -> Served:
    # A new interpreter starts with the initial sys.path of this process: pass the current one.
    same_path = f"import sys; sys.path[:] = {sys.path!r}"
    with InterpreterPoolExecutor(workers, initializer=exec, initargs=(same_path,)) as pool:
        return asyncio.run(call_all(job, pool))


async def call_all(job: Job, pool: InterpreterPoolExecutor) -> Served:
    loop = asyncio.get_running_loop()
    async with Heart() as heart:
        calls = (loop.run_in_executor(pool, job.call, number) for number in job.numbers)
        results = await asyncio.gather(*calls)
    return Served(results, heart.beats)
