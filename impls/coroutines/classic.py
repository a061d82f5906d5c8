"""A classic coroutine: a generator that receives numbers.

Execution unit: a generator. It is suspended at its ``yield`` between two calls, and ``send`` resumes
it. It keeps its local variables from call to call. No event loop drives it.
Costs the least of all models that can be suspended: a call creates no object and no frame.
Choose it for a consumer with state, in code without an event loop. asyncio has not supported it since
Python 3.11.
"""

from collections.abc import Generator

from impls.coroutines import Job

DEFAULT = False
WORKERS = 1


async def run(job: Job, *, workers: int) -> list[int]:
    answers = []
    coroutine = successors()
    next(coroutine)  # run to the first yield: a generator that has not started accepts no value
    for number in job.numbers:
        answers.append(coroutine.send(number))  # noqa: PERF401 - the loop of the other models
    coroutine.close()
    return answers


def successors() -> Generator[int, int, None]:
    number = yield 0
    while True:
        number = yield number + 1
