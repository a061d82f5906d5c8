"""A generator-based coroutine: ``types.coroutine`` makes it fit for ``await``.

Execution unit: none of its own, as with a native coroutine: a bare ``yield`` in it would be a turn of
the loop, and here none is reached. Shares everything. Costs a generator for each call. Choose it for
the one thing a native coroutine cannot do, which is to yield to the loop itself: that is how event
loops are written, and nothing else needs it.
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
        yield  # makes it a generator; no number is
    return number + 1
