"""A process that computes in pure Python, beside a process that waits.

Execution unit: one process, in a ``ProcessPoolExecutor``, beside the main process. They share only a
stop event. Each has its own interpreter lock. With a core for each, the waiting process wakes as early
as when it runs alone.
Costs the start of a process, and pickling of arguments and results.
Choose it for a program that must respond at once during CPU-bound work.
"""

import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from multiprocessing.synchronize import Event

from impls.switching import Answers, Computed, Job, compute, python_code, switch_interval, wait

DEFAULT = False
START_METHOD = "forkserver"
WORKERS = 1

done: Event  # stops the computing process


def run(job: Job, *, workers: int) -> Answers:
    context = multiprocessing.get_context(START_METHOD)
    context.set_forkserver_preload([__name__])
    stop = context.Event()
    with switch_interval(job.interval), ProcessPoolExecutor(1, context, keep, (stop,)) as pool:
        pool.submit(python_code).result()  # start the worker and warm its caches first
        computing = pool.submit(compute_until_done)
        try:
            waited = wait(job)
        finally:
            stop.set()
        return Answers(waited, computing.result())


def keep(event: Event) -> None:
    global done
    done = event


def compute_until_done() -> Computed:
    return compute(python_code, done.is_set)
