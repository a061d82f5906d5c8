"""Plain calls of a plain function.

Execution unit: the calling coroutine only. It awaits nothing, and no call can be suspended. The calls
share everything.
Costs a frame.
Choose it for anything that never waits. The extra cost of the other models is the price of being able
to wait.
"""

from impls.coroutines import Job

DEFAULT = ("calls_10k",)
WORKERS = 1
REFERENCE = True


async def run(job: Job, *, workers: int) -> list[int]:
    answers = []
    for number in job.numbers:
        answers.append(successor(number))  # noqa: PERF401 - the loop of the other models
    return answers


def successor(number: int) -> int:
    return number + 1
