"""Yardstick readings: how fast the machine was, and whether its speed changed.

Readings map each yardstick to pairs: when it was read, in seconds since the session's start, and the
seconds it took.
"""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from concurbench import units
from concurbench.results.statistics import spread

Readings = Mapping[str, Sequence[Sequence[float]]]

TITLES = {
    "python_loop": "pure Python loop",
    "c_code": "C code, one thread",
    "c_code_all_cores": "C code, one thread per core",
    "loopback_round_trip": "loopback round trip",
    "thread_start": "thread start",
    "process_start_fork": "process start, fork",
    "process_start_forkserver": "process start, forkserver",
    "process_start_spawn": "process start, spawn",
    "pickle_1mb": "pickle and unpickle 1 MB",
    "file_write": "file write",
    "file_write_fsync": "file write, fsync",
    "timer_resolution": "timer resolution",
}
"""Yardstick -> title, in the order to show. Not every system has all of them."""

DRIFT = 0.10
"""How much a machine's speed may change within a session without a warning."""

CPU_SPEED = ("python_loop", "c_code")
"""The yardsticks of the CPU's speed alone: no disk and no other process takes part."""

MIN_READINGS = 9
"""A third of them is three readings; the median of fewer would follow a single disturbance."""


@dataclass(frozen=True)
class Summary:
    """A yardstick's readings in seconds. ``low`` and ``high`` are the quartiles, or the range of few
    readings."""

    median: float
    low: float
    high: float
    count: int


def summaries(readings: Readings) -> dict[str, Summary]:
    """Yardstick -> its summary, in the order to show."""
    return {name: _summary(_seconds(readings[name])) for name in TITLES if readings.get(name)}


def drift(readings: Readings) -> list[str]:
    """A sentence for each CPU yardstick whose speed changed; none with fewer than ``MIN_READINGS``."""
    found = (_drift(name, _seconds(readings.get(name, ()))) for name in CPU_SPEED)
    return list(filter(None, found))


def speed_near(readings: Readings, start: float, end: float) -> float | None:
    """The machine's speed from ``start`` to ``end``, compared with the session's median, which is 1.

    It is that of the Python loop, from the last reading before ``start`` to the first one after
    ``end``. None without readings. Times are in seconds, counted as those of the readings.
    """
    loops = sorted(readings.get("python_loop", ()), key=tuple)
    before = [loop for loop in loops if loop[0] < start]
    after = [loop for loop in loops if loop[0] > end]
    around = [*before[-1:], *(loop for loop in loops if start <= loop[0] <= end), *after[:1]]
    if not around:
        return None
    return statistics.median(_seconds(loops)) / statistics.mean(_seconds(around))


def relative(base: Readings, head: Readings) -> dict[str, float]:
    """Yardstick -> head's median / base's, for those that both have. Above 1, head is slower."""
    old, new = summaries(base), summaries(head)
    return {name: new[name].median / old[name].median for name in old if name in new}


def _drift(name: str, seconds: Sequence[float]) -> str | None:
    if len(seconds) < MIN_READINGS:
        return None
    third = len(seconds) // 3
    parts = {
        "early": seconds[:third], "midway": seconds[third:-third], "late": seconds[-third:],
        "overall": seconds,
    }  # fmt: skip
    medians = {part: statistics.median(each) for part, each in parts.items()}
    pairs = [("early", "late"), ("early", "overall"), ("midway", "overall"), ("late", "overall")]
    for one, other in pairs:
        before, after = medians[one], medians[other]
        if max(before, after) > min(before, after) * (1 + DRIFT):
            times = f"{units.time(before)} {one} and {units.time(after)} {other}"
            return f"machine drift: {TITLES[name]} took {times}"
    return None


def _summary(seconds: Sequence[float]) -> Summary:
    return Summary(statistics.median(seconds), *spread(seconds, passes=1), len(seconds))


def _seconds(readings: Sequence[Sequence[float]]) -> list[float]:
    return [seconds for _, seconds in readings]
