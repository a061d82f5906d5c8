"""A thread that computes in C and keeps the lock, beside one that waits.

Execution unit: one thread beside the main thread. They share everything, the interpreter lock
included; and a switch is possible between two bytecodes only, while a sort, a regular expression or a
large power is one. So the one that wakes waits for the end of the sort, however short the interval.
Costs a latency that no setting bounds. Choose it never; where it is there already, put it in a process.
"""

from concurrent.futures import ThreadPoolExecutor
from threading import Event

from impls.switching import Answers, Job, c_code_holding, compute, switch_interval, wait

DEFAULT = False
WORKERS = 1


def run(job: Job, *, workers: int) -> Answers:
    done = Event()
    with switch_interval(job.interval), ThreadPoolExecutor(1) as pool:
        pool.submit(c_code_holding).result()  # it has started, and its caches are warm
        computing = pool.submit(compute, c_code_holding, done.is_set)
        try:
            waited = wait(job)
        finally:
            done.set()
        return Answers(waited, computing.result())
