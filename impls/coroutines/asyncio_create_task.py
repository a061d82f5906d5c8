"""A task for each call, awaited at once.

Execution unit: a task, which the loop runs on its own and which can be cancelled. The tasks share
everything.
Costs the task, its entry in the queue of the loop, and two turns of the loop.
Choose it only if the code does something else before it awaits the task. In this model nothing
overlaps.
"""

import asyncio

from impls.coroutines import Job

DEFAULT = False
WORKERS = 1


async def run(job: Job, *, workers: int) -> list[int]:
    answers = []
    for number in job.numbers:
        answers.append(await asyncio.create_task(successor(number)))  # noqa: PERF401 - see native
    return answers


async def successor(number: int) -> int:
    return number + 1
