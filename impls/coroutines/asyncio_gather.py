"""A task for each call, gathered batch by batch.

Execution unit: a task for each call of a batch, all in flight together. Shares everything. Costs the
task, its entry into the loop's queue, and a callback; a turn of the loop serves the whole batch. The
first exception reaches the caller, and the other tasks of the batch go on without anybody to wait for
them. Choose it for calls that wait; calls that do not are faster awaited one by one.
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
