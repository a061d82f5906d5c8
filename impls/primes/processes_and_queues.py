"""Processes with a queue of work and a queue of results.

Execution unit: instances of ``multiprocessing.Process`` that the program starts itself. They share two
pipes and the locks around them. A thread of the work queue fills its pipe. Without this thread all
sides would deadlock once both pipes are full.
Costs what a pool does for you: sentinels, order and errors. A pool notices when a worker is killed.
This program waits forever.
Choose it for workers with their own state or lifetime. For a list of tasks, use a pool.
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
        except BaseException as error:  # any error: answer each task, or the caller waits forever
            results.put((index, [], error))
