"""Processes, each a new interpreter.

Execution unit: processes, started like any program. They share only the files of the interpreter.
Costs the start of an interpreter for each, with its imports.
Choose it if a process must inherit nothing, or to behave the same on Linux, Windows and macOS. Start
few processes and keep them.
"""

import multiprocessing
import os
from multiprocessing.queues import SimpleQueue
from multiprocessing.synchronize import Event
from typing import Final

from impls.units import Job, Life

DEFAULT = False
CASES = ("one", "hundred")
START_METHOD: Final = "spawn"


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
