"""``await`` in a comprehension.

Execution unit: none of its own. The calls are awaited one after the other: a comprehension with
``await`` is a loop, not a ``gather``. The calls share everything.
Costs the same as a loop, without the lookup of ``append``.
Choose it to collect the results of calls that must not, or need not, overlap.
"""

from impls.coroutines import Job

DEFAULT = False
WORKERS = 1


async def run(job: Job, *, workers: int) -> list[int]:
    return [await successor(number) for number in job.numbers]


async def successor(number: int) -> int:
    return number + 1
