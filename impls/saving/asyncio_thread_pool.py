"""Files written by a dedicated pool of threads.

Execution unit: threads, in a ``ThreadPoolExecutor`` as large as the bound. Coroutines only wait for
them. They share everything. All files are submitted at once, and no coroutine waits for its turn.
Costs a hop to a thread and back for each file. The threads always have more work and compete with the
loop for the interpreter lock.
Choose it if a slow disk must not keep the default pool of the loop from its other work.
"""

import asyncio
from concurrent.futures import ThreadPoolExecutor

from impls.saving import Heart, Job, Served, save

DEFAULT = False


def run(job: Job, *, workers: int) -> Served:
    with ThreadPoolExecutor(workers) as pool:
        return asyncio.run(save_all(job, pool))


async def save_all(job: Job, pool: ThreadPoolExecutor) -> Served:
    loop = asyncio.get_running_loop()
    async with Heart() as heart:
        places = range(len(job.contents))
        saves = (loop.run_in_executor(pool, save, job, place) for place in places)
        sizes = await asyncio.gather(*saves)
    return Served(sizes, heart.beats)
