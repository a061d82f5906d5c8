"""A process that computes in pure Python, beside one that waits.

Execution unit: one process, in a ``ProcessPoolExecutor``, beside the main process. They share nothing
but an event to stop by, and each has an interpreter lock of its own: the one that wakes is as early as
alone, while there is a core for each. Costs the start of a process, and to pickle what goes in and
out. Choose it for a program that must answer at once while something computes.
"""

import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from multiprocessing.synchronize import Event

from impls.switching import Answers, Computed, Job, compute, python_code, switch_interval, wait

DEFAULT = False
START_METHOD = "forkserver"
WORKERS = 1

done: Event  # what the computing process is stopped by


def run(job: Job, *, workers: int) -> Answers:
    context = multiprocessing.get_context(START_METHOD)
    context.set_forkserver_preload([__name__])
    stop = context.Event()
    with switch_interval(job.interval), ProcessPoolExecutor(1, context, keep, (stop,)) as pool:
        pool.submit(python_code).result()  # it has started, and its caches are warm
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
