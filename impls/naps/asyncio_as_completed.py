"""Coroutines on one event loop; results are taken as they come.

Execution unit: coroutines, all in one thread. They share everything. ``as_completed`` hands over
whichever task is done next. A semaphore holds the bound. Costs what ``asyncio_gather`` costs, and for
each task a queue's place and a coroutine more to await. Choose it over ``gather`` to go on with a
result while slow ones are still under way.
"""

import asyncio

from impls.naps import Job, Results, Task

DEFAULT = False


def run(job: Job, *, workers: int) -> Results:
    return asyncio.run(nap_all(job, workers))


async def nap_all(job: Job, workers: int) -> Results:
    results = Results(in_order=False)
    bound = asyncio.Semaphore(workers)
    # Tasks, for bare coroutines would start in no order.
    tasks = [asyncio.create_task(nap(bound, task)) for task in job.tasks]
    for done in asyncio.as_completed(tasks):
        results.take(await done)
    return results


async def nap(bound: asyncio.Semaphore, task: Task) -> int:
    async with bound:
        await asyncio.sleep(task.seconds)
        return task.answer
