"""A native coroutine that lets the loop take a turn: ``await asyncio.sleep(0)``.

Execution unit: none of its own, but each call suspends the whole task, and the loop resumes it after
all others that are ready. Shares everything. Costs a turn of the loop: its queue, its clock, and a look
at its sockets. Choose it within long work, so that others get a chance; not in every call.
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
