"""Greenlets of gevent.

Execution unit: greenlets, all in one thread. They share everything. Each has its own part of the C
stack, which is copied away while another greenlet runs.
Costs a few objects each, and the used part of the stack. The operating system does not see them.
Choose it for thousands of I/O-bound tasks with blocking libraries that work with gevent.
"""

import gevent
from gevent.event import Event
from gevent.queue import Queue

from impls.units import Job, Life

DEFAULT = False
REQUIRES = ("gevent",)


def run(job: Job, *, workers: int) -> Life:
    up = Queue()
    end = Event()
    life = Life(job)
    greenlets = [gevent.spawn(idle, up, end) for _ in range(job.units)]
    try:
        life.all_up([up.get() for _ in greenlets])
    finally:
        end.set()
        gevent.joinall(greenlets)
    return life.all_gone()


def idle(up: Queue, end: Event) -> None:
    up.put(id(gevent.getcurrent()))
    end.wait()
