"""Tasks on an event loop.

Execution unit: asyncio tasks, all in one thread. They share everything.
Costs a coroutine and a few objects each. The operating system does not see them.
Choose it for thousands of I/O-bound tasks, if the libraries are asynchronous.
"""

import asyncio

from impls.units import Job, Life

DEFAULT = ("hundred",)


def run(job: Job, *, workers: int) -> Life:
    return asyncio.run(start_and_end(job))


async def start_and_end(job: Job) -> Life:
    up: asyncio.Queue[int] = asyncio.Queue()
    end = asyncio.Event()
    life = Life(job)
    async with asyncio.TaskGroup() as group:
        for _ in range(job.units):
            group.create_task(idle(up, end))
        life.all_up([await up.get() for _ in range(job.units)])
        end.set()
    return life.all_gone()


async def idle(up: asyncio.Queue[int], end: asyncio.Event) -> None:
    up.put_nowait(id(asyncio.current_task()))
    await end.wait()
