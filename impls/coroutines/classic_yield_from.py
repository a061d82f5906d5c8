"""A classic coroutine that delegates to another with ``yield from``.

Execution unit: two generators. A value that is sent to the outer one passes through it to the inner
one. ``await`` was built on this. Both keep their local variables from call to call.
Costs a step through the outer generator for each call.
Choose it to see how delegation works. In new code, write ``await``.
"""

from collections.abc import Generator

from impls.coroutines import Job

DEFAULT = False
WORKERS = 1


async def run(job: Job, *, workers: int) -> list[int]:
    answers = []
    coroutine = delegating()
    next(coroutine)  # run to the first yield, which is in the inner generator
    for number in job.numbers:
        answers.append(coroutine.send(number))  # noqa: PERF401 - the loop of the other models
    coroutine.close()
    return answers


def delegating() -> Generator[int, int, None]:
    yield from successors()


def successors() -> Generator[int, int, None]:
    number = yield 0
    while True:
        number = yield number + 1
