"""Coroutines on one event loop, with results in order of completion.

Execution unit: coroutines, all in one thread. They share everything. ``as_completed`` yields the tasks
as they finish. A semaphore enforces the bound.
Costs the same as ``asyncio_gather``, plus a queue entry and another coroutine to await for each task.
Choose it over ``gather`` to use a result while slower tasks still run.
"""

import asyncio

from impls.naps import Job, Results, Task

DEFAULT = False


def run(job: Job, *, workers: int) -> Results:
    return asyncio.run(nap_all(job, workers))


async def nap_all(job: Job, workers: int) -> Results:
    results = Results(in_order=False)
    bound = asyncio.Semaphore(workers)
    # Create tasks: bare coroutines would start in arbitrary order.
    tasks = [asyncio.create_task(nap(bound, task)) for task in job.tasks]
    for done in asyncio.as_completed(tasks):
        results.take(await done)
    return results


async def nap(bound: asyncio.Semaphore, task: Task) -> int:
    async with bound:
        await asyncio.sleep(task.seconds)
        return task.answer
