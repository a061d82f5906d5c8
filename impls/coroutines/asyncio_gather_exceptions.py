"""The same with ``return_exceptions=True``: errors come as answers.

Execution unit: a task for each call of a batch, all in flight together. Shares everything. Costs what
``gather`` does without; what it costs the caller is to look at each answer. Choose it where one call's
failure must not lose the others' answers.
"""

import asyncio

from impls.coroutines import Job

DEFAULT = False


async def run(job: Job, *, workers: int) -> list[int | BaseException]:
    answers: list[int | BaseException] = []
    for start in range(0, len(job.numbers), workers):
        batch = job.numbers[start : start + workers]
        answers += await asyncio.gather(
            *(successor(number) for number in batch), return_exceptions=True
        )
    return answers


async def successor(number: int) -> int:
    return number + 1
