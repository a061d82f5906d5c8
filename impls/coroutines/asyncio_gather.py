"""A task for each call, run by gather in batches.

Execution unit: a task for each call of a batch, all in flight together. The tasks share everything.
Costs the task, its entry in the queue of the loop, and a callback. One turn of the loop serves the
whole batch. The first exception reaches the caller. The other tasks of the batch keep running, but no
code awaits them.
Choose it for calls that wait. Calls that do not wait are faster when awaited one by one.
"""

import asyncio

from impls.coroutines import Job

DEFAULT = ("calls_10k",)


async def run(job: Job, *, workers: int) -> list[int]:
    answers: list[int] = []
    for start in range(0, len(job.numbers), workers):
        calls = [successor(number) for number in job.numbers[start : start + workers]]
        answers += await asyncio.gather(*calls)
    return answers


async def successor(number: int) -> int:
    return number + 1
