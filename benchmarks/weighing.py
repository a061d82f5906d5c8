"""How much memory a unit of execution takes: ``python -m benchmarks.weighing MODEL UNITS``.

In a process of its own, since one that has had many units before finds room for the next in what those
left. And there, nothing of pytest is copied or shared.
"""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import types

import psutil

import impls
from benchmarks.processes import end_fork_server
from impls.units import Job

KIND = "pss" if psutil.LINUX else "uss"
"""What is added up over the processes. PSS, where the system tells it: of a page that several of them
share, each has its part. Elsewhere USS: pages that are a process's alone, as if sharing were free."""

SMALL = 500
"""Bytes: Python's own allocator has no larger objects."""

EACH = 2_000
"""How many objects of a size fill the gaps."""


def weigh(model: str, units: int) -> float:
    """The bytes that each of so many units takes while all of them are up and idle."""
    command = [sys.executable, "-m", __name__, model, str(units)]
    return float(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout)


def held() -> int:
    """The bytes of this process and of all below it."""
    this = psutil.Process(os.getpid())
    return sum(_of(process) for process in [this, *this.children(recursive=True)])


def _of(process: psutil.Process) -> int:
    size: int = getattr(process.memory_full_info(), KIND)
    return size


def measure(model: str, units: int) -> float:
    """What ``weigh`` tells, in this process: what so many units take more than a single one does.

    So an event loop, a fork server, and whatever else is there once, is no part of it.
    """
    run = impls.load("units", model)
    readings: list[int] = []

    def read() -> None:
        readings.append(held())

    run(Job(1, when_up=held), workers=1)  # what is imported late, here and by psutil
    gc.collect()
    filling = fill()
    run(Job(1, when_up=read), workers=1)
    gc.collect()
    run(Job(1 + units, when_up=read), workers=1 + units)
    del filling
    one, more = readings
    # A single task is less than the pages that come and go with anything.
    return max(more - one, 0) / units


def fill() -> list[object]:
    """Small objects of all sizes, to be kept: enough to fill the gaps that imports leave.

    A hundred tasks would fit into the gaps, and seem to take nothing.
    """
    without_gc = [bytes(size) for size in range(1, SMALL, 16) for _ in range(EACH)]
    with_gc = [(None,) * (size // 8) for size in range(8, SMALL, 16) for _ in range(EACH)]
    return [without_gc, with_gc]


if __name__ == "__main__":
    # Processes import the main module of their parent. A program of nothing but the model has none.
    sys.modules["__main__"] = types.ModuleType("__main__")
    print(measure(sys.argv[1], int(sys.argv[2])))
    end_fork_server()
