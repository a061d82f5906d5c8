"""Processes that are forks of this one.

Execution unit: processes, each a copy of this one at the moment of the fork. They share its memory
until a process writes to it. Each process starts to use its own memory when it first touches an object.
Costs a copy of the tables of all its memory. The larger this process, the longer the copy takes. A lock
that another thread holds stays locked in the copy forever. This is why Python warns from 3.12 on if
there are threads.
Choose it in small programs without threads, on Linux.
"""

import multiprocessing
import os
from multiprocessing.queues import SimpleQueue
from multiprocessing.synchronize import Event
from typing import Final

from impls.units import Job, Life

DEFAULT = False
CASES = ("one", "hundred")
START_METHOD: Final = "fork"


def run(job: Job, *, workers: int) -> Life:
    context = multiprocessing.get_context(START_METHOD)
    up: SimpleQueue[int] = context.SimpleQueue()
    end = context.Event()
    processes = []
    life = Life(job)
    try:
        for _ in range(job.units):
            process = context.Process(target=idle, args=(up, end))
            process.start()
            processes.append(process)
        life.all_up([up.get() for _ in processes])
    finally:
        end.set()
        for process in processes:
            process.join()
            process.close()
        up.close()
    return life.all_gone()


def idle(up: "SimpleQueue[int]", end: Event) -> None:
    up.put(os.getpid())
    end.wait()
