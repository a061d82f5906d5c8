"""A few coroutines that work off all tasks.

Execution unit: coroutines, one for each worker, all in one thread. They share one iterator, from which
each takes its next task: nothing more than that holds the bound, and no coroutine waits for its turn.
Each hands over its own results, so they come as they are ready. Costs little for a task that has not
begun. Choose it over a coroutine for each task where there are very many, or where they never end.
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
