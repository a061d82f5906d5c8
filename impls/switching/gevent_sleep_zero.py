"""A greenlet that computes in pure Python and naps for 0 s, beside one that waits.

Execution unit: one greenlet beside the main one, both in one thread. They share everything. The
computing one calls ``gevent.sleep(0)`` after each unit, which yields to greenlets that are ready.
gevent looks for ended naps only after a switch interval, and only at each fiftieth time.
Costs a latency of fifty units, however short the interval.
Choose it never for a greenlet that computes: ``gevent.idle`` lets ended naps come first.
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
    gevent.sleep(0)
