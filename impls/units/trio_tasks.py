"""Tasks of trio in a nursery.

Execution unit: trio tasks, all in one thread. They share everything.
Costs a coroutine and a few objects each, more of them than in asyncio. One of them is a context.
Choose it for thousands of I/O-bound tasks, in programs that must end cleanly in all circumstances.
"""

import trio

from impls.units import Job, Life

DEFAULT = False
REQUIRES = ("trio",)


def run(job: Job, *, workers: int) -> Life:
    return trio.run(start_and_end, job)


async def start_and_end(job: Job) -> Life:
    say_up, hear_up = trio.open_memory_channel[int](job.units)
    end = trio.Event()
    life = Life(job)
    async with trio.open_nursery() as nursery:
        for _ in range(job.units):
            nursery.start_soon(idle, say_up, end)
        life.all_up([await hear_up.receive() for _ in range(job.units)])
        end.set()
    return life.all_gone()


async def idle(up: "trio.MemorySendChannel[int]", end: trio.Event) -> None:
    up.send_nowait(id(trio.lowlevel.current_task()))
    await end.wait()
