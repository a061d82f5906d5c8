"""A thread that computes in C and keeps the lock, beside a thread that waits.

Execution unit: one thread beside the main thread. They share everything, including the interpreter
lock. A switch is possible only between two bytecodes. A sort, a regular expression or a large power is
a single bytecode. So the waiting thread waits for the end of the sort, however short the interval.
Costs a latency that no setting limits.
Choose it never. If a program already has such a thread, move it to a process.
"""

from concurrent.futures import ThreadPoolExecutor
from threading import Event

from impls.switching import Answers, Job, c_code_holding, compute, switch_interval, wait

DEFAULT = False
WORKERS = 1


def run(job: Job, *, workers: int) -> Answers:
    done = Event()
    with switch_interval(job.interval), ThreadPoolExecutor(1) as pool:
        pool.submit(c_code_holding).result()  # start the worker and warm its caches first
        computing = pool.submit(compute, c_code_holding, done.is_set)
        try:
            waited = wait(job)
        finally:
            done.set()
        return Answers(waited, computing.result())
