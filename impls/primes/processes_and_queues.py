"""Processes with a queue of work and a queue of results.

Execution unit: ``multiprocessing.Process``, started by hand. They share two pipes and the locks
around them. The queue of work has a thread that fills its pipe: without it, once both pipes are full,
everyone would wait for everyone. Costs what a pool does for you, sentinels, order and errors; and
while a pool notices a worker that is killed, this program then waits for ever. Choose it for workers
with a state or a life of their own; where there is a list of tasks, take a pool.
"""

import multiprocessing
from multiprocessing.queues import Queue, SimpleQueue
from typing import Any, Final

from impls.primes import Job, primes_in

DEFAULT = False
START_METHOD: Final = "forkserver"


def run(job: Job, *, workers: int) -> list[list[int]]:
    context = multiprocessing.get_context(START_METHOD)
    context.set_forkserver_preload([__name__])
    tasks, results = context.Queue(), context.SimpleQueue()
    processes = [
        context.Process(target=work, args=(tasks, results), daemon=True) for _ in range(workers)
    ]
    for process in processes:
        process.start()
    for task in [*enumerate(job.batches), *[None] * workers]:
        tasks.put(task)
    told = [results.get() for _ in job.batches]
    for process in processes:
        process.join()
    tasks.close()
    tasks.join_thread()
    results.close()
    for _, _, error in told:
        if error is not None:
            raise error
    return [primes for _, primes, _ in sorted(told)]


def work(tasks: "Queue[Any]", results: "SimpleQueue[Any]") -> None:
    while (task := tasks.get()) is not None:
        index, batch = task
        try:
            results.put((index, primes_in(batch), None))
        except BaseException as error:  # whatever it is: each task is answered, or the caller waits
            results.put((index, [], error))
