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
from impls.units import Job

KIND = "pss" if psutil.LINUX else "uss"
"""What is added up over the processes. PSS, where the system tells it: of a page that several of them
share, each has its part. Elsewhere USS: pages that are a process's alone, as if sharing were free."""


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
    """What ``weigh`` tells, in this process."""
    run = impls.load("units", model)
    readings: list[int] = []

    def read() -> None:
        readings.append(held())

    # What is there once, however many units there are: modules, the fork server, what reading takes.
    run(Job(1, when_up=read), workers=1)
    gc.collect()
    read()
    run(Job(units, when_up=read), workers=units)
    _, before, up = readings
    return (up - before) / units


if __name__ == "__main__":
    # Processes import the main module of their parent. A program of nothing but the model has none.
    sys.modules["__main__"] = types.ModuleType("__main__")
    print(measure(sys.argv[1], int(sys.argv[2])))
