"""Threads.

Execution unit: threads of the operating system. They share everything. Costs a stack, of which only
what is used takes memory, and a start by the operating system. Choose it for up to some hundreds of
things that wait in libraries that block.
"""

import threading
from queue import SimpleQueue

from impls.units import Job, Life

DEFAULT = ("hundred",)


def run(job: Job, *, workers: int) -> Life:
    up: SimpleQueue[int] = SimpleQueue()
    end = threading.Event()
    threads = []
    life = Life(job)
    try:
        for _ in range(job.units):
            thread = threading.Thread(target=idle, args=(up, end))
            thread.start()
            threads.append(thread)
        life.all_up([up.get() for _ in threads])
    finally:
        end.set()
        for thread in threads:
            thread.join()
    return life.all_gone()


def idle(up: "SimpleQueue[int]", end: threading.Event) -> None:
    up.put(threading.get_ident())
    end.wait()
