"""Parallel capacity: how many times the work of one thread the machine does in several at once.

Measured, not counted: two hyperthreads are not two cores, cores that share power slow each other down,
and what the hypervisor or other programs take is missing. Every build of Python can run the work in
parallel: C code that releases the GIL, in threads.

It is ``zlib.compress`` of a text. Like an interpreter it branches and looks up tables, within a core's
own cache, so its share of a busy machine is what pure Python in processes gets. Digests leave most of a
core to its other hyperthread, which then passes for a core of its own. Checksums wait for memory.

It is measured in wall-clock time. One thread and all of them take turns, so that a disturbance longer
than a turn affects both, and a machine that steadily gets slower or faster favours neither. The turns
are about as long as the rounds that are judged by the capacity: two cores may do more for a few
milliseconds than for a second, or less.
"""

from __future__ import annotations

import functools
import threading
import time
import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

WINDOW = 0.008
"""Seconds of the shortest turn: a few scheduler slices, and many times as long as it takes to wake the
threads."""

LONGEST = 0.5
"""Seconds of the longest turn: by then the cores have long reached their lasting speed."""

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


def window(seconds: float) -> float:
    """The length of a turn for rounds of this many seconds."""
    return min(max(seconds, WINDOW), LONGEST)


def measure(
    workers: int, seconds: float, rate: Callable[[int, float], float] = rate, *, backwards: bool = False
) -> float:
    """How many times the work of one thread ``workers`` threads do in the same time: 1 for one thread,
    at most about the number of cores.

    Takes two turns, for rounds of this many ``seconds``; ``backwards``, all threads come before
    the single one.
    """
    if workers == 1:
        return 1.0
    order = (workers, 1) if backwards else (1, workers)
    done = {number: rate(number, window(seconds)) for number in order}
    return done[workers] / done[1]
