"""What else used the CPU while each row ran, how fast the machine was, and what to warn of beforehand.

Two snapshots give the shares of all usable cores in between: what the hypervisor took (steal), and
what other programs used. Ours is this process with all its descendants: its own time, that of live
descendants, and that of ended ones, which the system adds to the parent that waited for them. So
nothing is counted twice when a child ends: its time moves to its parent. Only the time of a process
whose parent did not wait for it is lost, and counts as others'.

The yardsticks are read before the first row and after each.
"""

from __future__ import annotations

import contextlib
import math
import os
import platform
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest

from concurbench import machine
from concurbench.measure.speed.yardsticks import Yardsticks
from concurbench.results.drift import speed_near

MIN_SECONDS = 0.2
"""Shortest span with known shares: systems count CPU time in ticks of about a hundredth of a second."""

MAX_BUSY = 0.10
"""The share of all cores that others may use before a session warns of it."""

PREFLIGHT_SECONDS = 0.2
"""How long the preflight check watches the CPU."""

CPUS = Path("/sys/devices/system/cpu")


@dataclass(frozen=True)
class Snapshot:
    """CPU times in seconds, each since an arbitrary moment: only differences mean anything. NaN is a
    time that the system does not report."""

    when: float
    cores: int
    """The number of usable cores."""
    steal: float
    """How long the hypervisor ran other machines while these cores had work."""
    others: float
    """How long these cores worked for processes that are not ours."""

    @classmethod
    def now(cls) -> Snapshot:
        """The present state; takes some milliseconds."""
        busy, steal = cpu_seconds()
        return cls(time.perf_counter(), machine.usable_cores(), steal, busy - our_seconds())

    def until(self, later: Snapshot) -> dict[str, float | None]:
        """``steal`` and ``others`` up to a later snapshot, as shares of all usable cores' time, 0 to 1;
        None if unknown, and within MIN_SECONDS."""
        elapsed = later.when - self.when

        def share(seconds: float) -> float | None:
            if elapsed < MIN_SECONDS or math.isnan(seconds):
                return None
            # Slightly negative if a process ended between the two readings of a snapshot.
            return min(1.0, max(0.0, seconds / (elapsed * self.cores)))

        steal, others = later.steal - self.steal, later.others - self.others
        return {"steal": share(steal), "others": share(others)}


def cpu_seconds() -> tuple[float, float]:
    """How long the usable cores were busy, and how long stolen; of all cores together where the usable
    ones cannot be identified."""
    usable = _usable()
    cores: list[Any] = psutil.cpu_times(percpu=True)
    times = [cores[core] for core in usable] if usable else cores
    # Without the time for guests, which is part of the users' time, and without iowait, which is idle.
    kinds = ("user", "nice", "system", "irq", "softirq")
    busy = sum(getattr(core, kind, 0.0) for core in times for kind in kinds)
    return busy, sum(getattr(core, "steal", math.nan) for core in times)


def _usable() -> list[int]:
    """The usable cores as indices of psutil's list; empty if they cannot be mapped to it."""
    if not hasattr(os, "sched_getaffinity"):
        return []
    usable = sorted(os.sched_getaffinity(0))
    # psutil lists the cores that are online. With one offline, numbers and indices differ.
    all_online = os.sysconf("SC_NPROCESSORS_CONF") == os.sysconf("SC_NPROCESSORS_ONLN")
    return usable if all_online and usable[-1] < (psutil.cpu_count() or 0) else []


def our_seconds() -> float:
    """The CPU time of this process and all its descendants, live or ended."""
    if psutil.WINDOWS:
        return math.nan
    own = os.times()
    total = own.user + own.system + own.children_user + own.children_system
    for child in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.Error):
            total += sum(child.cpu_times()[:4])
    return total


def unknown() -> list[str]:
    """What this system does not report about interference, and why."""
    system, now = platform.system(), Snapshot.now()
    lacking = {
        f"steal unknown: {system} does not report it": now.steal,
        f"others unknown: {system} does not report the CPU time of ended processes": now.others,
    }
    return [sentence for sentence, seconds in lacking.items() if math.isnan(seconds)]


class Interference:
    """A pytest plugin that watches the rows of a session, and reads the yardsticks between them.

    Yardsticks write their files below ``near``. ``together`` returns the rows that are measured when
    pytest comes to one of them: those that take turns are watched together.
    """

    def __init__(
        self, rows: list[str], near: Path, together: Callable[[str], list[str]] = lambda row: [row]
    ) -> None:
        self.yardsticks = Yardsticks(near)
        self._rows = rows
        self._together = together
        self._periods: dict[str, tuple[float, float, dict[str, float | None]]] = {}
        """Row -> its setup and the end of its teardown, in seconds since the start of the yardsticks,
        and the shares in between."""

    @pytest.hookimpl(wrapper=True)
    def pytest_runtestloop(self) -> Generator[None, Any, Any]:
        with self.yardsticks:
            self.yardsticks.sweep(complete=True)
            return (yield)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, Any, Any]:
        rows = self._together(item.nodeid) if item.nodeid in self._rows else []
        if not rows:
            return (yield)
        before, start = Snapshot.now(), time.perf_counter() - self.yardsticks.start
        try:
            return (yield)
        finally:
            end = time.perf_counter() - self.yardsticks.start
            period = (start, end, before.until(Snapshot.now()))
            self._periods |= dict.fromkeys(rows, period)
            self.yardsticks.sweep()

    def around(self, row: str) -> dict[str, float | None]:
        """``steal``, ``others`` and the machine's ``speed`` while this row ran, 1 being the session's
        median; None if unknown."""
        start, end, shares = self._periods[row]
        return {**shares, "speed": speed_near(self.yardsticks.readings, start, end)}


def preflight_check() -> list[str]:
    """What is likely to disturb a measurement that starts now; takes PREFLIGHT_SECONDS."""
    share = psutil.cpu_percent(PREFLIGHT_SECONDS) / 100
    return list(filter(None, [busy(share, psutil.getloadavg()[0]), on_battery(), throttled()]))


def busy(share: float, load: float) -> str | None:
    """The warning for other programs' share of the CPU; ``load`` is the last minute's average."""
    if share <= MAX_BUSY:
        return None
    return f"other programs use {share:.0%} of the CPU (load {load:.1f}): times will vary"


def on_battery() -> str | None:
    """The warning for a machine on battery, if the system reports that."""
    battery = getattr(psutil, "sensors_battery", lambda: None)()
    if battery is None or battery.power_plugged is not False:
        return None
    return f"on battery ({battery.percent:.0f} %): the CPU may be slowed down"


def throttled(cpus: Path = CPUS) -> str | None:
    """The warning for a core limited to less than its highest clock speed, if the system reports it."""
    shares = []
    for core in cpus.glob("cpu[0-9]*/cpufreq"):
        with contextlib.suppress(OSError, ValueError):
            allowed = int((core / "scaling_max_freq").read_text())
            shares.append(allowed / int((core / "cpuinfo_max_freq").read_text()))
    if not shares or min(shares) >= 1:
        return None
    return f"the CPU is limited to {min(shares):.0%} of its clock speed"
