"""How much memory a unit of execution takes: ``python -m benchmarks.weighing MODEL UNITS``.

It runs in a separate process: after many units, a process reuses their memory for the next ones. The
separate process also shares no memory with pytest.
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
"""The kind of memory that is added up over the processes. On Linux it is PSS, which divides shared
pages between the processes. Elsewhere it is USS, which leaves out shared pages."""

SMALL = 500
"""The largest objects that fill gaps, in bytes; those of Python's own allocator are hardly larger."""

EACH = 2_000
"""The number of objects of each size that fill gaps."""


def weigh(model: str, units: int) -> float:
    """The bytes per unit while all ``units`` are up and idle, measured in a separate process."""
    command = [sys.executable, "-m", __name__, model, str(units)]
    return float(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout)


def held() -> int:
    """The bytes of this process and all its descendants."""
    this = psutil.Process(os.getpid())
    return sum(_of(process) for process in [this, *this.children(recursive=True)])


def _of(process: psutil.Process) -> int:
    size: int = getattr(process.memory_full_info(), KIND)
    return size


def measure(model: str, units: int) -> float:
    """The bytes per unit, measured in this process: those of ``1 + units`` units minus those of one.

    So it leaves out an event loop, a fork server, and everything else that exists once.
    """
    run = impls.load("units", model)
    readings: list[int] = []

    def read() -> None:
        readings.append(held())

    run(Job(1, when_up=held), workers=1)  # warm-up: late imports, and those of psutil
    gc.collect()
    filling = fill()
    run(Job(1, when_up=read), workers=1)
    gc.collect()
    run(Job(1 + units, when_up=read), workers=1 + units)
    del filling
    one, more = readings
    # A task takes less than the noise of other pages, so the difference can be negative.
    return max(more - one, 0) / units


def fill() -> list[object]:
    """Small objects of all sizes, which fill the gaps that imports leave; the caller keeps them.

    Otherwise a hundred tasks would fit into the gaps, and seem to take no memory.
    """
    without_gc = [bytes(size) for size in range(1, SMALL, 16) for _ in range(EACH)]
    with_gc = [(None,) * (size // 8) for size in range(8, SMALL, 16) for _ in range(EACH)]
    return [without_gc, with_gc]


if __name__ == "__main__":
    # Child processes import the main module of their parent; an empty one costs nothing.
    sys.modules["__main__"] = types.ModuleType("__main__")
    print(measure(sys.argv[1], int(sys.argv[2])))
    end_fork_server()
