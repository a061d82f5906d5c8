"""An eager task for each call: it starts at once, and may never need the loop.

Execution unit: a task for each call of a batch. Creating a task runs it up to its first wait. The tasks
share everything.
Costs the task. A task that ends without waiting never enters the queue of the loop.
Choose it if most calls find their answer in a cache. Set it with
``loop.set_task_factory(asyncio.eager_task_factory)``. Note that the code after ``create_task`` no
longer runs before the code of the task.
"""

import asyncio

from impls.coroutines import Job

DEFAULT = False
PYTHON = ">=3.12"


async def run(job: Job, *, workers: int) -> list[int]:
    loop, make = asyncio.get_running_loop(), asyncio.eager_task_factory  # type: ignore[attr-defined]  # since 3.12
    answers: list[int] = []
    for start in range(0, len(job.numbers), workers):
        batch = job.numbers[start : start + workers]
        tasks = [make(loop, successor(number)) for number in batch]
        answers += await asyncio.gather(*tasks)
    return answers


async def successor(number: int) -> int:
    return number + 1
