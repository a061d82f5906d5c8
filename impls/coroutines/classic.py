"""A classic coroutine: a generator that numbers are sent to.

Execution unit: a generator, suspended at its ``yield`` between two calls, and resumed by ``send``. It
keeps its local variables from call to call. No event loop drives it. Costs the least of all that can be
suspended: there is no object and no frame to make for a call. Choose it for a consumer with a memory,
in code that has no loop; asyncio has not supported it since Python 3.11.
"""

from collections.abc import Generator

from impls.coroutines import Job

DEFAULT = False
WORKERS = 1


async def run(job: Job, *, workers: int) -> list[int]:
    answers = []
    coroutine = successors()
    next(coroutine)  # to the first yield: nothing can be sent to a generator that has not started
    for number in job.numbers:
        answers.append(coroutine.send(number))  # noqa: PERF401 - the loop of the other models
    coroutine.close()
    return answers


def successors() -> Generator[int, int, None]:
    number = yield 0
    while True:
        number = yield number + 1
