"""A thread that computes in pure Python, beside a thread that waits.

Execution unit: one thread beside the main thread. They share everything, including the interpreter
lock. Each time the waiting thread wakes, it waits for a full switch interval before the computing
thread must release the lock.
Costs that latency. The computing thread loses little. A shorter interval shortens the wait for all
threads of the program.
Choose it on a free-threaded build, or if some milliseconds of latency do not matter.
"""

from concurrent.futures import ThreadPoolExecutor
from threading import Event

from impls.switching import Answers, Job, compute, python_code, switch_interval, wait

WORKERS = 1
DEFAULT = ("interval_5ms",)


def run(job: Job, *, workers: int) -> Answers:
    done = Event()
    with switch_interval(job.interval), ThreadPoolExecutor(1) as pool:
        pool.submit(python_code).result()  # start the worker and warm its caches first
        computing = pool.submit(compute, python_code, done.is_set)
        try:
            waited = wait(job)
        finally:
            done.set()
        return Answers(waited, computing.result())
