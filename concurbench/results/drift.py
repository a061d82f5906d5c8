"""What readings mean: how fast the machine was, and whether it stayed the same.

Readings are as ``Yardsticks`` keeps them, or as JSON gives them back: yardstick -> moments and seconds.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from concurbench import units
from concurbench.results.statistics import spread

Readings = Mapping[str, Sequence[Sequence[float]]]

TITLES = {
    "python_loop": "pure Python loop",
    "c_code": "C code, one thread",
    "c_code_all_cores": "C code, a thread a core",
    "loopback_round_trip": "round trip over loopback",
    "thread_start": "start of a thread",
    "process_start_fork": "start of a process, fork",
    "process_start_forkserver": "start of a process, fork server",
    "process_start_spawn": "start of a process, spawn",
    "pickle_1mb": "pickle 1 MB, and back",
    "file_write": "write a file",
    "file_write_fsync": "write a file, fsync",
    "timer_resolution": "resolution of the timer",
}
"""Yardstick -> what a person calls it, in the order to show. A system may lack some. Seconds, all."""

DRIFT = 0.10
"""How much the speed of a machine may change within a session before it is worth a warning."""

WATCHED = ("python_loop", "c_code")
"""The yardsticks of a CPU's speed, which no disk and no other process has a part in."""

ENOUGH = 9
"""Readings of which a third is still three: the median of fewer follows a single disturbance."""


@dataclass(frozen=True)
class Summary:
    """What a yardstick's readings were, in seconds: from the first to the third quartile, or their
    range where they are few."""

    median: float
    low: float
    high: float
    count: int


def summaries(readings: Readings) -> dict[str, Summary]:
    """Each yardstick in short, in the order to show."""
    return {name: _summary(_seconds(readings[name])) for name in TITLES if readings.get(name)}


def drift(readings: Readings) -> list[str]:
    """What to say where the machine changed its speed within the session; nothing for few readings."""
    found = (_drift(name, _seconds(readings.get(name, ()))) for name in WATCHED)
    return [sentence for sentence in found if sentence]


def speed_near(readings: Readings, start: float, end: float) -> float | None:
    """The machine's speed around a span of time, 1 where it is the session's: how fast the Python loop
    was, from the last reading before to the first one after, over its median.

    None where there are no readings. The moments are seconds, counted as those of the readings.
    """
    loops = sorted(readings.get("python_loop", ()), key=tuple)
    before = [loop for loop in loops if loop[0] < start]
    after = [loop for loop in loops if loop[0] > end]
    around = [*before[-1:], *(loop for loop in loops if start <= loop[0] <= end), *after[:1]]
    if not around:
        return None
    return statistics.median(_seconds(loops)) / statistics.mean(_seconds(around))


def relative(base: Readings, head: Readings) -> dict[str, float]:
    """Each yardstick that both have: head's median over base's, above 1 where head is slower."""
    old, new = summaries(base), summaries(head)
    return {name: new[name].median / old[name].median for name in old if name in new}


def _drift(name: str, seconds: Sequence[float]) -> str | None:
    if len(seconds) < ENOUGH:
        return None
    for (before, when), (after, later) in _compared(seconds):
        if max(before, after) > min(before, after) * (1 + DRIFT):
            times = f"{units.time(before)} {when} and {units.time(after)} {later}"
            return f"the machine drifted: {name} took {times}"
    return None


def _compared(seconds: Sequence[float]) -> Iterator[tuple[tuple[float, str], tuple[float, str]]]:
    third = len(seconds) // 3
    early = (statistics.median(seconds[:third]), "early")
    midway = (statistics.median(seconds[third:-third]), "midway")
    late = (statistics.median(seconds[-third:]), "late")
    overall = (statistics.median(seconds), "over all")
    yield early, late
    for part in (early, midway, late):
        yield part, overall


def _summary(seconds: Sequence[float]) -> Summary:
    median = statistics.median(seconds)
    return Summary(median, *spread(seconds, passes=1), len(seconds))


def _seconds(readings: Sequence[Sequence[float]]) -> list[float]:
    return [seconds for _, seconds in readings]
