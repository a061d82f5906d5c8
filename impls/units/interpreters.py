"""Interpreters in one process, each in its own thread.

Execution unit: interpreters, from Python 3.14 on, and a thread for each of them. They share the process
but no objects. Each has its own modules and its own lock.
Costs the start of an interpreter, but not of a process, and separate modules.
Choose it for CPU-bound pure Python. Keep the interpreters.
"""

import os
from concurrent import interpreters  # type: ignore[attr-defined]  # from 3.14 on

from impls.units import Job, Life

DEFAULT = False
PYTHON = ">=3.14"
CASES = ("one", "hundred")


def run(job: Job, *, workers: int) -> Life:
    # Pipes wait in the operating system. A queue between interpreters polls.
    hear_up, say_up = os.pipe()
    wait_end, say_end = os.pipe()
    units, threads = [], []
    life = Life(job)
    try:
        for _ in range(job.units):
            units.append(interpreters.create())
            threads.append(units[-1].call_in_thread(idle, say_up, wait_end))
        for _ in units:
            os.read(hear_up, 1)
        life.all_up([unit.id for unit in units])
    finally:
        os.close(say_end)  # ends the read in each interpreter
        for thread in threads:
            thread.join()
        for unit in units:
            unit.close()
        for end in (hear_up, say_up, wait_end):
            os.close(end)
    return life.all_gone()


def idle(up: int, end: int) -> None:
    import os  # runs in another interpreter, which lacks the globals of this module

    os.write(up, b".")
    os.read(end, 1)
