"""Who else used the CPU meanwhile: the hypervisor, and programs that are not ours.

A snapshot before and one after tell the shares of all usable cores in between. What is ours is this
process with all that descends from it: its own time, that of its live descendants, and that of
descendants that have ended, which the system adds to the parent that waits for them. Summed over all
live processes, nothing is counted twice when a child ends: its time moves to its parent. Only that of
a process whose parent did not wait for it is lost, and passes for others'.

On Linux all times come from ``/proc``, which counts in ticks of a hundredth of a second. Other systems
do not tell of steal; macOS tells of a live child's ended children only once that child has ended,
and Windows not of ended processes at all, so others' share is unknown there.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil

from concurbench import machine

DISTURBED = 0.10
"""The share of all usable cores that others may take before a row is called disturbed."""

SHORT = 0.2
"""Seconds below which nothing is said: a share of so few ticks would be chance."""

PROC = Path("/proc")


@dataclass(frozen=True)
class Share:
    """Shares of all usable cores' time, 0 to 1; None where the system does not tell, or the time was
    too short to tell."""

    steal: float | None
    """What the hypervisor gave to other machines while this one had work."""

    others: float | None
    """What processes used that are not ours."""


@dataclass(frozen=True)
class Load:
    """A snapshot: seconds, each since some moment of its own. Only differences mean anything."""

    when: float
    cores: int
    """The usable ones."""

    busy: float
    """How long the cores were at work, for anybody."""

    steal: float | None
    ours: float | None

    @classmethod
    def now(cls) -> Load:
        """As it is now; takes about a millisecond."""
        ours = our_seconds()
        cores = machine.usable_cores()
        text = _read(PROC / "stat")
        if text:
            busy, steal = cpu_seconds(text, usable())
            return cls(time.perf_counter(), cores, busy, steal, ours)
        times = psutil.cpu_times()  # the system's time holds that for interrupts, where that is told
        busy = times.user + times.system + getattr(times, "nice", 0.0)
        return cls(time.perf_counter(), cores, busy, None, ours)

    def until(self, after: Load) -> Share:
        """What happened between this snapshot and a later one."""
        available = (after.when - self.when) * self.cores
        if after.when - self.when < SHORT:
            return Share(None, None)
        steal = others = None
        if self.steal is not None and after.steal is not None:
            steal = _share(after.steal - self.steal, available)
        if self.ours is not None and after.ours is not None:
            # What ended elsewhere, or between two looks, may make it a little less than nothing.
            others = _share((after.busy - self.busy) - (after.ours - self.ours), available)
        return Share(steal, others)


def disturbance(share: Share) -> str:
    """What a reader should know of a row during which others took so much; empty for little."""
    told = []
    if share.steal is not None and share.steal > DISTURBED:
        told.append(f"steal {share.steal:.0%}")
    if share.others is not None and share.others > DISTURBED:
        told.append(f"others used {share.others:.0%} of the CPU")
    return ", ".join(told)


def usable() -> set[int] | None:
    """The numbers of the cores this process may use; None where the system does not tell."""
    return os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else None


def cpu_seconds(stat: str, cores: set[int] | None) -> tuple[float, float]:
    """How long these cores were busy, and how long stolen, by the text of ``/proc/stat``.

    All cores together where some of these are not in it, as in a container that renumbers them.
    """
    lines = {name: fields for name, *fields in map(str.split, stat.splitlines())}
    wanted = [f"cpu{core}" for core in cores or ()]
    if not wanted or not lines.keys() >= set(wanted):
        wanted = ["cpu"]
    busy = steal = 0
    for name in wanted:
        # User, nice, system, idle, iowait, irq, softirq, steal. What follows, the time for guests,
        # is in that for users; to wait for a disk is to be idle.
        counted = [int(field) for field in lines[name]]
        busy += sum(counted[:3]) + sum(counted[5:7])
        steal += sum(counted[7:8])
    return busy / ticks(), steal / ticks()


def our_seconds() -> float | None:
    """The CPU time of this process and all its descendants, live or ended; None where ended ones
    cannot be told."""
    if os.name == "nt":
        return None
    own = os.times()
    mine = own.user + own.system + own.children_user + own.children_system
    return mine + sum(seconds_of(process) for process in descendants(os.getpid()))


def descendants(process: int) -> Iterator[int]:
    """The live ones, and those that have ended and not been waited for."""
    if (PROC / f"{process}/task/{process}/children").exists():
        yield from _below(process)
    else:
        yield from (child.pid for child in psutil.Process(process).children(recursive=True))


def _below(process: int) -> Iterator[int]:
    # A look at each of a process's threads, and not at every process of the machine.
    with contextlib.suppress(OSError):  # it has just ended
        for thread in os.listdir(PROC / str(process) / "task"):  # noqa: PTH208 - half as fast
            for child in map(int, _read(PROC / f"{process}/task/{thread}/children").split()):
                yield child
                yield from _below(child)


def seconds_of(process: int) -> float:
    """The CPU time of a process and of those it has waited for; 0 if it is gone."""
    if text := _read(PROC / str(process) / "stat"):
        return process_seconds(text)
    with contextlib.suppress(psutil.Error):
        times = psutil.Process(process).cpu_times()
        return times.user + times.system
    return 0.0


def process_seconds(stat: str) -> float:
    """The same by the text of ``/proc/PID/stat``."""
    # The name, in brackets, may hold anything; user, system and the same of children come 12th after.
    fields = stat.rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / ticks()


def ticks() -> int:
    """How many a second."""
    return os.sysconf("SC_CLK_TCK")  # asked for on Linux only: Windows has no such thing


def _share(seconds: float, available: float) -> float:
    return min(1.0, max(0.0, seconds / available))


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
