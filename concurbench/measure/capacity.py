"""Parallel capacity: how many times the work of one thread the machine does in several at once.

Measured, not counted: two hyperthreads are not two cores, cores that share power slow each other down,
and what the hypervisor or other programs take is missing. Every build of Python can run the work in
parallel: C code that releases the GIL, in threads.

It is ``zlib.compress`` of a text. Like an interpreter it branches and looks up tables, within a core's
own cache, so its share of a busy machine is what pure Python in processes gets. Digests leave most of a
core to its other hyperthread, which then passes for a core of its own. Checksums wait for memory.

It is measured in wall-clock time. One thread and all of them take short turns: one, all, all, one, and
then the other way round. So a machine that steadily gets slower or faster favours neither, and a
disturbance longer than a turn affects both.
"""

from __future__ import annotations

import functools
import threading
import time
import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

WINDOW = 0.008
"""Seconds of a turn: a few scheduler slices, and many times as long as it takes to wake the threads."""

REPEATS = 3
"""How often the four turns are taken."""

TIMEOUT = 30.0
"""Seconds until the threads must have started."""


@functools.cache
def _text() -> bytes:
    """About 60 kB that compress like prose."""
    return b" ".join(b"%d" % (number * number % 1_000_003) for number in range(9_000))


def piece() -> None:
    """A piece of the work: about a millisecond, so that threads seldom meet at the GIL in between."""
    zlib.compress(_text(), 1)


def rate(workers: int, window: float = WINDOW) -> float:
    """The pieces per second that ``workers`` threads do together, within ``window`` seconds.

    The window opens for all at once. Each thread begins its last piece within the window, and its rate
    ends with that piece. So nothing is cut off, and no thread waits for the slowest one, which would
    measure the end of a program and not the capacity of a machine.
    """
    opened = 0.0

    def open_window() -> None:
        nonlocal opened
        opened = time.perf_counter()

    together = threading.Barrier(workers, open_window, TIMEOUT)

    def work(_: int) -> float:
        together.wait()
        pieces, elapsed = 0, 0.0
        while elapsed < window:
            piece()
            pieces += 1
            elapsed = time.perf_counter() - opened
        return pieces / elapsed

    _text()  # computed once, before the threads need it
    with ThreadPoolExecutor(workers) as pool:
        return sum(pool.map(work, range(workers)))


def measure(workers: int, rate: Callable[[int], float] = rate) -> float:
    """How many times the work of one thread ``workers`` threads do in the same time: 1 for one thread,
    at most about the number of cores. Takes about a tenth of a second.
    """
    if workers == 1:
        return 1.0
    done = {1: 0.0, workers: 0.0}
    for repeat in range(REPEATS):
        first, second = (workers, 1) if repeat % 2 else (1, workers)
        for number in (first, second, second, first):
            done[number] += rate(number)
    return done[workers] / done[1]
