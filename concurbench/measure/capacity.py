"""How much CPU work this machine gets done at the same time: measured, not counted.

Two hyperthreads are not two cores, cores that share power are slower together, and what the
hypervisor or other programs take is not there: so the number of cores is no limit, and this is. The
work is C code that releases the interpreter lock, in threads, which every build of Python can run
in parallel.

It is ``zlib.compress`` of a text, because its share of a busy machine has to be what pure Python in
processes gets, too: like an interpreter it branches and looks up tables, within a core's own cache.
Digests are a riskier measure: with instructions made for them they can leave most of a core to its
other hyperthread, which then passes for a core of its own. Checksums of large buffers wait for memory.

The clock on the wall counts, not the CPU's. One thread and all of them take short turns, one, all, all,
one, and then the other way round: a machine that gets steadily slower or faster favours neither, and
what disturbs for longer than a turn disturbs both.
"""

from __future__ import annotations

import functools
import threading
import time
import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

WINDOW = 0.008
"""Seconds of a turn: a few scheduler's slices, and many times what it takes to wake the threads."""

UNITS = 3
"""How often the four turns are taken."""

PATIENCE = 30.0
"""Seconds until the threads have to have started."""


@functools.cache
def _text() -> bytes:
    """Some 60 kB that compress about as well as prose."""
    return b" ".join(b"%d" % (number * number % 1_000_003) for number in range(9_000))


def piece() -> None:
    """A piece of the work: about a millisecond, so that threads seldom meet at the lock in between."""
    zlib.compress(_text(), 1)


def rate(workers: int, window: float = WINDOW) -> float:
    """How many pieces a second so many threads get done together, over a window of so many seconds.

    The window opens for all at once. Each thread begins its last piece within it, and is judged by
    the time until that is done: nothing is cut off, and nobody waits for the slowest, which would
    be the end of a program and not the capacity of a machine.
    """
    opened = 0.0

    def open_window() -> None:
        nonlocal opened
        opened = time.perf_counter()

    together = threading.Barrier(workers, open_window, PATIENCE)

    def work(_: int) -> float:
        together.wait()
        return _rate_of_one(opened, window)

    _text()  # made before, by one
    with ThreadPoolExecutor(workers) as pool:
        return sum(pool.map(work, range(workers)))


def _rate_of_one(opened: float, window: float) -> float:
    pieces, elapsed = 0, 0.0
    while elapsed < window:
        piece()
        pieces += 1
        elapsed = time.perf_counter() - opened
    return pieces / elapsed


def measure(workers: int, rate: Callable[[int], float] = rate) -> float:
    """How many times the work of one thread do so many threads get done in the same time.

    1 for one; at most about their number, or the machine's cores. Takes about a tenth of a second.
    """
    if workers == 1:
        return 1.0
    done = {1: 0.0, workers: 0.0}
    for unit in range(UNITS):
        first, second = (workers, 1) if unit % 2 else (1, workers)
        for number in (first, second, second, first):
            done[number] += rate(number)
    return done[workers] / done[1]
