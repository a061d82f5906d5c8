"""A thread of gevent that computes in pure Python, beside a greenlet that waits.

Execution unit: one thread of a ``ThreadPool`` of gevent, beside the main one of the greenlet. They
share everything, including the interpreter lock. Each time the greenlet's nap is over, gevent's loop
waits for a full switch interval before the computing thread must release the lock.
Costs that latency, as in ``threaded``. A shorter interval shortens it.
Choose it under gevent for code that computes and cannot be changed.
"""

from gevent import monkey

monkey.patch_all()  # before all other imports, which else keep the originals

from gevent.event import Event  # noqa: E402 - see above
from gevent.threadpool import ThreadPool  # noqa: E402

from impls.switching import Answers, Job, compute, python_code, switch_interval, wait  # noqa: E402

DEFAULT = False
OWN_PROCESS = True
REQUIRES = ("gevent",)
WORKERS = 1


def run(job: Job, *, workers: int) -> Answers:
    done = Event()
    pool = ThreadPool(1)
    try:
        with switch_interval(job.interval):
            pool.apply(python_code)  # start the worker and warm its caches first
            computing = pool.spawn(compute, python_code, done.is_set)
            try:
                waited = wait(job)
            finally:
                done.set()
            return Answers(waited, computing.get())
    finally:
        pool.kill()
