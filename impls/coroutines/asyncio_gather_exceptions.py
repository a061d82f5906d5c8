"""A task for each call, run by gather that returns exceptions as results.

Execution unit: a task for each call of a batch, all in flight together. The tasks share everything. It
differs from ``asyncio_gather`` in ``return_exceptions=True``.
Costs the same as ``asyncio_gather``. In addition, the caller has to check each result.
Choose it if the failure of one call must not lose the results of the others.
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
