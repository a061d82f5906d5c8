"""A native coroutine that awaits another one.

Execution unit: none of its own. However deep coroutines await each other, they are one chain of calls,
driven from its outer end. The calls share everything.
Costs a second object and frame for each call.
Choose it freely: split functions for their readers.
"""

from impls.coroutines import Job

DEFAULT = False
WORKERS = 1


async def run(job: Job, *, workers: int) -> list[int]:
    answers = []
    for number in job.numbers:
        answers.append(await delegating(number))  # noqa: PERF401 - the loop of the other models
    return answers


async def delegating(number: int) -> int:
    return await successor(number)


async def successor(number: int) -> int:
    return number + 1
