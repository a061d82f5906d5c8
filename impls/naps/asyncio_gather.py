"""Coroutines on one event loop, with all results at once.

Execution unit: coroutines, all in one thread. They share everything. ``gather`` returns when the last
task is done, with all results in the order of the tasks. The first result is available no sooner than
the last. A semaphore enforces the bound.
Costs an asyncio task for each item of work, all created in advance.
Choose it if the program needs all results before it continues.
"""

import asyncio

from impls.naps import Job, Results, Task

DEFAULT = False


def run(job: Job, *, workers: int) -> Results:
    return asyncio.run(nap_all(job, workers))


async def nap_all(job: Job, workers: int) -> Results:
    results = Results(in_order=True)
    bound = asyncio.Semaphore(workers)
    for value in await asyncio.gather(*(nap(bound, task) for task in job.tasks)):
        results.take(value)
    return results


async def nap(bound: asyncio.Semaphore, task: Task) -> int:
    async with bound:
        await asyncio.sleep(task.seconds)
        return task.answer
