"""Tasks of curio in a task group.

Execution unit: curio tasks, all in one thread. They share everything.
Costs a coroutine and a few objects each, and a package that is no longer developed. It does not run on
Python versions after 3.11.
Choose it to read: its source is short and shows how such a library works.
"""

import curio

from impls.units import Job, Life

DEFAULT = False
REQUIRES = ("curio",)
PYTHON = "<3.12"


def run(job: Job, *, workers: int) -> Life:
    life: Life = curio.run(start_and_end, job)
    return life


async def start_and_end(job: Job) -> Life:
    up = curio.Queue()
    end = curio.Event()
    life = Life(job)
    async with curio.TaskGroup() as group:
        for _ in range(job.units):
            await group.spawn(idle, up, end)
        life.all_up([await up.get() for _ in range(job.units)])
        await end.set()
    return life.all_gone()


async def idle(up: curio.Queue, end: curio.Event) -> None:
    await up.put(id(await curio.current_task()))
    await end.wait()
