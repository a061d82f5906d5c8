"""Yardsticks: small works of known size that measure the machine, read throughout a session.

Each reading is the median of the repeats within a few milliseconds.
"""

from __future__ import annotations

import contextlib
import functools
import itertools
import multiprocessing
import os
import pickle
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Self

from concurbench import machine
from concurbench.measure.speed import capacity
from concurbench.measure.speed.echo import echo

BUDGET = 0.004
"""Seconds after which no further repeat begins."""

SWEEPS_PER_PROCESS = 4
"""Every n-th sweep starts a process; this is n."""

PRIME = 1_600_000_009
"""Large enough that dividing it takes about a millisecond."""

WINDOW = 0.003
"""Seconds for which all cores work, each of three times."""

CLOCK_READINGS = 2_000
"""How often the timer is read to find its smallest step."""

CONTENT = bytes(range(256)) * 64
"""16 kB, about the size of a flag."""

PREFIX = "concurbench-yardstick-"

PROCESS_START = """
import multiprocessing, os, sys, time
context = multiprocessing.get_context(sys.argv[1])
for _ in range(2):  # the first one also starts the helper processes
    start = time.perf_counter()
    process = context.Process(target=os.getpid, daemon=True)
    process.start()
    process.join(30)
    seconds = time.perf_counter() - start
process.kill()  # it should have ended long ago
process.join()
print(seconds)
sys.exit(process.exitcode)
"""


class Yardsticks:
    """A context manager; ``sweep()`` reads every yardstick that is due.

    Inside it, a process answers over loopback. That process ends with this one. Files are written below
    ``near``, or its first parent that exists: it should be the disk where the rows write, because
    temporary folders are often in memory.
    """

    def __init__(self, near: Path) -> None:
        self.start = time.perf_counter()
        self.readings: dict[str, list[list[float]]] = {}
        """Yardstick -> its readings, each the seconds since ``start`` and the result in seconds."""
        self.unreadable: dict[str, str] = {}
        """Yardstick -> why it has no further readings, such as a full disk."""
        near = next(folder for folder in (near.absolute(), *near.absolute().parents) if folder.is_dir())
        self._cheap: dict[str, Callable[[], float]] = {
            "python_loop": python_loop,
            "c_code": c_code,
            "c_code_all_cores": c_code_all_cores,
            "thread_start": thread_start,
            "pickle_1mb": pickle_1mb,
            "file_write": functools.partial(file_write, near),
            "file_write_fsync": functools.partial(file_write, near, sync=True),
            "timer_resolution": timer_resolution,
        }
        self._sweeps = itertools.count()
        self._open = contextlib.ExitStack()

    def __enter__(self) -> Self:
        try:
            round_trip = self._open.enter_context(echo())
        except OSError as error:
            self.unreadable["loopback_round_trip"] = str(error)
        else:
            self._cheap["loopback_round_trip"] = functools.partial(median_of, round_trip)
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def sweep(self, *, complete: bool = False) -> None:
        """Read each cheap yardstick, and now and then the start of a process, each method in turn; if
        ``complete``, read all."""
        methods = multiprocessing.get_all_start_methods()
        if not complete:
            turn, rest = divmod(next(self._sweeps), SWEEPS_PER_PROCESS)
            methods = [methods[turn % len(methods)]] if rest == SWEEPS_PER_PROCESS - 1 else []
        due = dict(self._cheap)
        due |= {f"process_start_{each}": functools.partial(process_start, each) for each in methods}
        for name, read in due.items():
            if name not in self.unreadable:
                moment = time.perf_counter() - self.start
                try:
                    seconds = read()
                except OSError as error:
                    self.unreadable[name] = str(error) or type(error).__name__
                else:
                    self.readings.setdefault(name, []).append([moment, seconds])


def median_of(work: Callable[[], object], clock: Callable[[], float] = time.perf_counter) -> float:
    """The seconds that ``work`` takes: the median of the repeats that fit into BUDGET, at least one."""
    taken: list[float] = []
    while sum(taken) < BUDGET:
        start = clock()
        work()
        taken.append(clock() - start)
    return statistics.median(taken)


def python_loop() -> float:
    """The time for 20,000 divisions in a Python loop: what an interpreter does most."""

    def divide() -> None:
        for divisor in range(3, 40_001, 2):
            if PRIME % divisor == 0:
                return

    return median_of(divide)


def c_code() -> float:
    """The time for one piece of the work that the machine's parallel capacity is measured with."""
    capacity.piece()  # so that its text exists, and is in the cache
    return median_of(capacity.piece)


def c_code_all_cores() -> float:
    """The time of one thread for such a piece while each usable core has one: the same as ``c_code`` if
    cores do not disturb each other."""
    cores = machine.usable_cores()
    return statistics.median(cores / capacity.rate(cores, WINDOW) for _ in range(3))


def pickle_1mb() -> float:
    """The time to pickle and unpickle a list of 10,000 texts of 100 characters, one megabyte."""
    # One protocol for all versions of Python, because the default changes.
    return median_of(lambda: pickle.loads(pickle.dumps(_texts(), protocol=5)))


@functools.cache
def _texts() -> list[str]:
    return [f"{number:0100}" for number in range(10_000)]


def timer_resolution(clock: Callable[[], int] = time.perf_counter_ns) -> float:
    """The smallest step between two readings of the timer that rounds are timed with: its resolution,
    or the cost of reading it, whichever is more."""
    readings = [clock() for _ in range(CLOCK_READINGS)]
    steps = (after - before for before, after in itertools.pairwise(readings))
    return min(step for step in steps if step > 0) / 1e9


def file_write(near: Path, *, sync: bool = False) -> float:
    """The time to create, write and close a file in a folder below ``near``; if ``sync``, with
    ``fsync`` before it is closed."""
    with tempfile.TemporaryDirectory(prefix=PREFIX, dir=near) as folder:
        # A new file each time: some file systems sync when a file is replaced.
        names = itertools.count()
        return median_of(lambda: _write(Path(folder, str(next(names))), sync=sync))


def _write(path: Path, *, sync: bool) -> None:
    with path.open("xb", buffering=0) as file:
        file.write(CONTENT)
        if sync:
            os.fsync(file.fileno())


def thread_start() -> float:
    """The time to start a thread that does nothing, and to join it."""

    def run() -> None:
        thread = threading.Thread(target=int)
        thread.start()
        thread.join()

    return median_of(run)


def process_start(method: str) -> float:
    """The time to start a process that does nothing, and to join it; a single one, because it is slow.

    The parent is a small program of its own: it has no modules and threads of this session, and ends
    the helper processes of multiprocessing with itself.

    Raises:
        OSError: the process failed, or did not end.
    """
    command = [sys.executable, "-c", PROCESS_START, method]
    done = subprocess.run(command, capture_output=True, check=False)
    if done.returncode != 0:
        raise OSError(f"a process started by {method} ended with exit code {done.returncode}")
    return float(done.stdout)
