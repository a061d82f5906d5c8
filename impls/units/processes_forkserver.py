"""Processes that a fork server starts.

Execution unit: processes, each a copy of a fork server. The server is small, has no threads, and has
imported this module once. They share its memory until a process writes to it.
Costs the server, once, and a trip to it for each process.
Choose it on Linux if you need processes at all. It is Python's own default from 3.14 on.
"""

import multiprocessing
import os
from multiprocessing.queues import SimpleQueue
from multiprocessing.synchronize import Event
from typing import Final

from impls.units import Job, Life

DEFAULT = ("hundred",)
CASES = ("one", "hundred")
START_METHOD: Final = "forkserver"


def run(job: Job, *, workers: int) -> Life:
    context = multiprocessing.get_context(START_METHOD)
    context.set_forkserver_preload([__name__])
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
