"""A task for each call, in a task group for each batch.

Execution unit: a task for each call of a batch, all in flight together. The tasks share everything.
Costs the task, its entry in the queue of the loop, a callback, and an entry in a set. The first
exception cancels the other tasks, and the group waits for them.
Choose it over ``gather`` for calls that belong together.
"""

import asyncio

from impls.coroutines import Job

DEFAULT = False


async def run(job: Job, *, workers: int) -> list[int]:
    answers: list[int] = []
    for start in range(0, len(job.numbers), workers):
        batch = job.numbers[start : start + workers]
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(successor(number)) for number in batch]
        answers += [task.result() for task in tasks]
    return answers


async def successor(number: int) -> int:
    return number + 1
