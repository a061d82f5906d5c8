"""Plain calls of a plain function.

Execution unit: none but the coroutine that calls: nothing is awaited, nothing can be suspended. Shares
everything. Costs a frame. Choose it for whatever never waits: what the others cost more is the price
of being able to.
"""

from impls.coroutines import Job

DEFAULT = ("calls_10k",)
WORKERS = 1


async def run(job: Job, *, workers: int) -> list[int]:
    answers = []
    for number in job.numbers:
        answers.append(successor(number))  # noqa: PERF401 - the loop of the other models
    return answers


def successor(number: int) -> int:
    return number + 1
