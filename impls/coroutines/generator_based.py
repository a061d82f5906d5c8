"""A generator-based coroutine: ``types.coroutine`` makes it awaitable.

Execution unit: none of its own, as with a native coroutine. A bare ``yield`` in it would be a turn of
the loop, but this model never reaches one. The calls share everything.
Costs a generator for each call.
Choose it for the one thing that a native coroutine cannot do: to yield to the loop itself. Only the
authors of event loops need it.
"""

import types
from collections.abc import Generator

from impls.coroutines import Job

DEFAULT = False
WORKERS = 1


async def run(job: Job, *, workers: int) -> list[int]:
    answers = []
    for number in job.numbers:
        answers.append(await successor(number))  # noqa: PERF401 - the loop of the other models
    return answers


@types.coroutine
def successor(number: int) -> Generator[None, None, int]:
    if number < 0:
        yield  # makes this a generator; no number is negative
    return number + 1
