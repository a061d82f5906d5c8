"""A greenlet that computes in pure Python and idles, beside a greenlet that waits.

Execution unit: one greenlet beside the main one, both in one thread. They share everything. Greenlets
switch only where one of them waits. So the computing one calls ``gevent.idle`` after each unit, and the
waiting one waits for the rest of a unit at most.
Costs a turn of gevent's loop for each unit. Without it the waiting greenlet would never run again.
Choose it under gevent, if you can change the code that computes.
"""

from gevent import monkey

monkey.patch_all()  # before all other imports, which else keep the originals

import gevent  # noqa: E402 - see above
from gevent.event import Event  # noqa: E402

from impls.switching import Answers, Job, compute, python_code, switch_interval, wait  # noqa: E402

DEFAULT = False
OWN_PROCESS = True
REQUIRES = ("gevent",)
WORKERS = 1


def run(job: Job, *, workers: int) -> Answers:
    done = Event()
    with switch_interval(job.interval):
        python_code()  # warm the caches first
        computing = gevent.spawn(compute, compute_and_yield, done.is_set)
        try:
            waited = wait(job)
        finally:
            done.set()
        return Answers(waited, computing.get())


def compute_and_yield() -> None:
    python_code()
    gevent.idle()
