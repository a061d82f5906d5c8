"""A task for each call, awaited at once.

Execution unit: a task, which the loop runs on its own and which could be cancelled. Shares everything.
Costs the task, its entry into the loop's queue, and two turns of the loop. Choose it only if something
else is done before the task is awaited: like this, nothing overlaps.
"""

import asyncio

from impls.coroutines import Job

DEFAULT = False
WORKERS = 1


async def run(job: Job, *, workers: int) -> list[int]:
    answers = []
    for number in job.numbers:
        answers.append(await asyncio.create_task(successor(number)))  # noqa: PERF401 - as the others
    return answers


async def successor(number: int) -> int:
    return number + 1
