"""What only computes: pure Python, C code without the interpreter lock, pickles, the timer itself."""

from __future__ import annotations

import functools
import itertools
import pickle
import statistics
import time
from collections.abc import Callable

from concurbench import machine
from concurbench.measure import capacity
from concurbench.measure.timing import median_of

PRIME = 1_600_000_009
"""As large as makes its divisions take about a millisecond."""

WINDOW = 0.003
"""Seconds for which all cores are at work, each of three times."""

TEXTS = 10_000

ASKED = 2_000
"""How often the timer is read to see its smallest step."""


def python_loop() -> float:
    """The time for 20,000 divisions in a Python loop: what an interpreter does most."""
    return median_of(5, _divide)


def _divide() -> bool:
    for divisor in range(3, 40_001, 2):
        if PRIME % divisor == 0:
            return False
    return True


def c_code() -> float:
    """The time for one piece of the work that the machine's capacity is measured with."""
    capacity.piece()  # the text is made, and in the cache
    return median_of(5, capacity.piece)


def c_code_all_cores(
    cores: int | None = None, rate: Callable[[int, float], float] = capacity.rate
) -> float:
    """The time a thread takes for such a piece while there is one on each usable core: that of
    ``c_code`` where cores do not disturb each other."""
    cores = cores or machine.usable_cores()
    return statistics.median(cores / rate(cores, WINDOW) for _ in range(3))


def pickle_1mb() -> float:
    """The time to pickle a megabyte, a list of 10,000 texts of 100 characters, and to load it again."""
    return median_of(5, _there_and_back)


def _there_and_back() -> None:
    # One protocol for all versions of Python: the default changes.
    pickle.loads(pickle.dumps(_texts(), protocol=5))


@functools.cache
def _texts() -> list[str]:
    return [f"{number:0100}" for number in range(TEXTS)]


def timer_resolution(clock: Callable[[], int] = time.perf_counter_ns) -> float:
    """The smallest step between two looks at the timer that rounds are timed with: what it can tell
    apart, or what a look takes, whichever is more."""
    looks = [clock() for _ in range(ASKED)]
    steps = (after - before for before, after in itertools.pairwise(looks))
    return min(step for step in steps if step > 0) / 1e9
