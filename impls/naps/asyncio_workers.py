"""A few worker coroutines for all tasks.

Execution unit: coroutines, one for each worker, all in one thread. They share one iterator, from which
each takes its next task. Nothing else enforces the bound, and no coroutine waits for its turn. Each
reports its own results, so they arrive as soon as they are ready.
Costs little for a task that has not started.
Choose it over one coroutine per task if there are very many tasks, or an endless stream of them.
"""

import asyncio
from collections.abc import Iterator

from impls.naps import Job, Results, Task

DEFAULT = False


def run(job: Job, *, workers: int) -> Results:
    return asyncio.run(nap_all(job, workers))


async def nap_all(job: Job, workers: int) -> Results:
    results = Results(in_order=False)
    tasks = iter(job.tasks)
    async with asyncio.TaskGroup() as group:
        for _ in range(workers):
            group.create_task(work(tasks, results))
    return results


async def work(tasks: Iterator[Task], results: Results) -> None:
    for task in tasks:
        await asyncio.sleep(task.seconds)
        results.take(task.answer)
