"""A thread that computes in pure Python and naps, beside a thread that waits.

Execution unit: one thread beside the main thread. They share everything, including the interpreter
lock. The computing thread releases it voluntarily after each unit, with ``time.sleep(0)``. So the
waiting thread waits only for the rest of a unit, not for a switch interval.
Costs a nap for each unit. The operating system makes it longer than 0 s.
Choose it if a process is too expensive and you can change the code of the thread.
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
        pool.submit(python_code).result()  # start the worker and warm its caches first
        computing = pool.submit(compute, compute_and_nap, done.is_set)
        try:
            waited = wait(job)
        finally:
            done.set()
        return Answers(waited, computing.result())


def compute_and_nap() -> None:
    python_code()
    time.sleep(0)
