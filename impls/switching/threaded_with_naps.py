"""A thread that computes in pure Python and naps, beside one that waits.

Execution unit: one thread beside the main thread. They share everything, the interpreter lock included;
after each unit the computing thread releases it with ``time.sleep(0)``. So the waking thread waits for
the rest of a unit, not for a switch interval. Costs a nap for each unit, which the operating system
makes longer than 0 s. Choose it where a process is too much, for a thread whose code is yours.
"""

import time
from concurrent.futures import ThreadPoolExecutor
from threading import Event

from impls.switching import Answers, Job, compute, python_code, switch_interval, wait

DEFAULT = False
WORKERS = 1


def run(job: Job, *, workers: int) -> Answers:
    done = Event()
    with switch_interval(job.interval), ThreadPoolExecutor(1) as pool:
        pool.submit(python_code).result()  # it has started, and its caches are warm
        computing = pool.submit(compute, compute_and_nap, done.is_set)
        try:
            waited = wait(job)
        finally:
            done.set()
        return Answers(waited, computing.result())


def compute_and_nap() -> None:
    python_code()
    time.sleep(0)
