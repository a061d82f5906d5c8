"""A classic coroutine that delegates to another one with ``yield from``.

Execution unit: two generators; what is sent to the outer one goes through it to the inner one, which
is what ``await`` was made from. They keep their local variables from call to call. Costs a step through
the outer generator for each call. Choose it to see how it works; in new code, write ``await``.
"""

from collections.abc import Generator

from impls.coroutines import Job

DEFAULT = False
WORKERS = 1


async def run(job: Job, *, workers: int) -> list[int]:
    answers = []
    coroutine = delegating()
    next(coroutine)  # to the first yield, which is the inner one's
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
