"""Tasks of curio, in a task group.

Execution unit: curio's tasks, all in one thread. They share everything. Iterating over the group hands
over whichever task is done next. A semaphore holds the bound. When one raises, the group cancels the
others. Costs a task for each, all of them made beforehand, and a package that is no longer developed:
it runs on no Python after 3.11. Choose it to read, for its source is short and shows how such a thing
works.
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
