"""Blocking calls in a pool of interpreters in this process.

Execution unit: threads, each with an interpreter of its own, in an ``InterpreterPoolExecutor``;
coroutines only wait for them. They share the process and no object, and no lock with the loop: numbers
and results are pickled. The pool is opened before the loop and closed after it. Costs an interpreter
for each and the imports in it, in every round. Choose it from Python 3.14 on for calls that compute,
and keep the pool: it is the start that costs.
"""

import asyncio
import sys
from concurrent.futures import InterpreterPoolExecutor  # type: ignore[attr-defined]  # from 3.14 on

from impls.bridges import Heart, Job, Served

DEFAULT = False
PYTHON = ">=3.14"


def run(job: Job, *, workers: int) -> Served:
    # A new interpreter starts with the module path of this process at its start: set the current one.
    same_path = f"import sys; sys.path[:] = {sys.path!r}"
    with InterpreterPoolExecutor(workers, initializer=exec, initargs=(same_path,)) as pool:
        return asyncio.run(call_all(job, pool))


async def call_all(job: Job, pool: InterpreterPoolExecutor) -> Served:
    loop = asyncio.get_running_loop()
    async with Heart() as heart:
        calls = (loop.run_in_executor(pool, job.call, number) for number in job.numbers)
        results = await asyncio.gather(*calls)
    return Served(results, heart.beats)
