"""Tasks of trio in a nursery.

Execution unit: trio tasks, all in one thread. They share everything. A trio task returns nothing. Each
reports its own result, so results arrive as soon as they are ready. A semaphore decides when the next
task starts, because trio starts ready tasks in random order. A nursery ends when all its tasks have
ended, and cancels the others when one raises.
Costs a package to install, and more for each task than asyncio.
Choose it for programs that must end cleanly in all circumstances.
"""

import trio

from impls.naps import Job, Results, Task

DEFAULT = False
REQUIRES = ("trio",)


def run(job: Job, *, workers: int) -> Results:
    return trio.run(nap_all, job, workers)


async def nap_all(job: Job, workers: int) -> Results:
    results = Results(in_order=False)
    bound = trio.Semaphore(workers)
    async with trio.open_nursery() as nursery:

        async def nap(task: Task) -> None:
            await trio.sleep(task.seconds)
            results.take(task.answer)
            bound.release()

        for task in job.tasks:
            await bound.acquire()
            nursery.start_soon(nap, task)
    return results
