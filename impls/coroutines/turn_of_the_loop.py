"""A native coroutine that yields to the loop: ``await asyncio.sleep(0)``.

Execution unit: none of its own. Each call suspends the whole task, and the loop resumes it after all
other ready tasks. The calls share everything.
Costs a turn of the loop: its queue, its clock, and a check of its sockets.
Choose it within long work, so that other tasks can run. Do not use it in every call.
"""

import asyncio

from impls.coroutines import Job

DEFAULT = False
WORKERS = 1


async def run(job: Job, *, workers: int) -> list[int]:
    answers = []
    for number in job.numbers:
        answers.append(await successor(number))  # noqa: PERF401 - the loop of the other models
    return answers


async def successor(number: int) -> int:
    await asyncio.sleep(0)
    return number + 1
