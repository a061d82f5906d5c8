"""Threads of the operating system.

Execution unit: threads. They share everything.
Costs a stack and a start by the operating system. Only the used part of the stack takes memory.
Choose it for up to some hundreds of I/O-bound tasks with blocking libraries.
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
