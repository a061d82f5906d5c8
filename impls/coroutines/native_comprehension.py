"""``await`` in a comprehension.

Execution unit: none of its own: the calls are awaited one after the other, for a comprehension with
``await`` in it is a loop, and no ``gather``. Shares everything. Costs what a loop does, without looking
up ``append``. Choose it to collect the answers of calls that must not, or need not, overlap.
"""

from impls.coroutines import Job

DEFAULT = False
WORKERS = 1


async def run(job: Job, *, workers: int) -> list[int]:
    return [await successor(number) for number in job.numbers]


async def successor(number: int) -> int:
    return number + 1
