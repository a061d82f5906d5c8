"""A thread that computes in C and releases the lock, beside a thread that waits.

Execution unit: one thread beside the main thread. They share everything, but the interpreter lock is
free nearly all the time: hashlib releases it for each large buffer. So the switch interval does not
matter, and the waiting thread wakes as early as when it runs alone.
Costs a thread.
Choose it if a library does the computing, after you have checked that the library releases the lock.
"""

from concurrent.futures import ThreadPoolExecutor
from threading import Event

from impls.switching import Answers, Job, c_code, compute, switch_interval, wait

DEFAULT = False
WORKERS = 1


def run(job: Job, *, workers: int) -> Answers:
    done = Event()
    with switch_interval(job.interval), ThreadPoolExecutor(1) as pool:
        pool.submit(c_code).result()  # start the worker and warm its caches first
        computing = pool.submit(compute, c_code, done.is_set)
        try:
            waited = wait(job)
        finally:
            done.set()
        return Answers(waited, computing.result())
