"""A thread that computes in pure Python, beside one that waits.

Execution unit: one thread beside the main thread. They share everything, the interpreter lock included:
each time, the waking thread waits for a full switch interval before the other must release it. Costs
that latency; the computing thread loses little. A shorter interval shortens the wait for all threads of
the program. Choose it on a free-threaded build; or where some milliseconds do not matter.
"""

from concurrent.futures import ThreadPoolExecutor
from threading import Event

from impls.switching import Answers, Job, compute, python_code, switch_interval, wait

WORKERS = 1
DEFAULT = ("interval_5ms",)


def run(job: Job, *, workers: int) -> Answers:
    done = Event()
    with switch_interval(job.interval), ThreadPoolExecutor(1) as pool:
        pool.submit(python_code).result()  # it has started, and its caches are warm
        computing = pool.submit(compute, python_code, done.is_set)
        try:
            waited = wait(job)
        finally:
            done.set()
        return Answers(waited, computing.result())
