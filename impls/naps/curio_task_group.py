"""Tasks of curio in a task group.

Execution unit: curio tasks, all in one thread. They share everything. Iteration over the group yields
the tasks as they finish. A semaphore enforces the bound. When one task raises, the group cancels the
others.
Costs a curio task for each item of work, all created in advance, and a package that is no longer
developed. It does not run on Python versions after 3.11.
Choose it to read: its source is short and shows how such a library works.
"""

import curio

from impls.naps import Job, Results, Task

DEFAULT = False
REQUIRES = ("curio",)
PYTHON = "<3.12"
CASES = ("tasks_5_longest_first", "tasks_5", "tasks_10", "tasks_1k", "tasks_10k")


def run(job: Job, *, workers: int) -> Results:
    results: Results = curio.run(nap_all, job, workers)
    return results


async def nap_all(job: Job, workers: int) -> Results:
    results = Results(in_order=False)
    bound = curio.Semaphore(workers)
    async with curio.TaskGroup() as group:
        for task in job.tasks:
            await group.spawn(nap, bound, task)
        async for done in group:
            results.take(done.result)
    return results


async def nap(bound: curio.Semaphore, task: Task) -> int:
    async with bound:
        await curio.sleep(task.seconds)
        return task.answer
