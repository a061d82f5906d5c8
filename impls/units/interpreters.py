"""Interpreters in one process, each in a thread of its own.

Execution unit: interpreters, from Python 3.14 on, and a thread in which each of them runs. They share
the process and no object; each has its own modules and its own lock. Costs the start of an interpreter,
though not of a process, and modules of its own. Choose it for pure Python that computes, and keep them.
"""

import os
from concurrent import interpreters  # type: ignore[attr-defined]  # from 3.14 on

from impls.units import Job, Life

DEFAULT = False
PYTHON = ">=3.14"
CASES = ("one", "hundred")


def run(job: Job, *, workers: int) -> Life:
    # Pipes, for they wait in the operating system; a queue between interpreters looks again and again.
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
        os.close(say_end)  # whoever reads at the other end reads on
        for thread in threads:
            thread.join()
        for unit in units:
            unit.close()
        for end in (hear_up, say_up, wait_end):
            os.close(end)
    return life.all_gone()


def idle(up: int, end: int) -> None:
    import os  # it runs in another interpreter, where this module's names are not known

    os.write(up, b".")
    os.read(end, 1)
