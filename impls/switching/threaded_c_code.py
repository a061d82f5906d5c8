"""A thread that computes in C and gives up the lock, beside one that waits.

Execution unit: one thread beside the main thread. They share everything, and yet the interpreter lock
is free nearly all the time: hashlib gives it up for each large buffer. So the switch interval is of no
account, and the one that wakes is as early as alone. Costs a thread. Choose it, where a library does
the computing, once you have seen that the library releases the lock.
"""

from concurrent.futures import ThreadPoolExecutor
from threading import Event

from impls.switching import Answers, Job, c_code, compute, switch_interval, wait

DEFAULT = False
WORKERS = 1


def run(job: Job, *, workers: int) -> Answers:
    done = Event()
    with switch_interval(job.interval), ThreadPoolExecutor(1) as pool:
        pool.submit(c_code).result()  # it has started, and its caches are warm
        computing = pool.submit(compute, c_code, done.is_set)
        try:
            waited = wait(job)
        finally:
            done.set()
        return Answers(waited, computing.result())
