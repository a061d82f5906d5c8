"""A native coroutine, awaited where it is called.

Execution unit: none of its own. ``await`` runs the coroutine as a part of its caller. It returns
without a turn of the loop unless something inside has to wait. The calls share everything.
Costs an object and a frame for each call.
Choose it for anything that may have to wait, now or later.
"""

from impls.coroutines import Job

DEFAULT = ("calls_10k",)
WORKERS = 1


async def run(job: Job, *, workers: int) -> list[int]:
    answers = []
    for number in job.numbers:
        answers.append(await successor(number))  # noqa: PERF401 - see native_comprehension
    return answers


async def successor(number: int) -> int:
    return number + 1
