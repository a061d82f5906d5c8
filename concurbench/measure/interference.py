"""What else used the CPU while each row ran, how fast the machine was, and what to warn of beforehand.

Two snapshots give the shares of all usable cores in between: what the hypervisor took (steal), and
what other programs used. Ours is this process with all its descendants: its own time, that of live
descendants, and that of ended ones, which the system adds to the parent that waited for them. So
nothing is counted twice when a child ends: its time moves to its parent. Only the time of a process
whose parent did not wait for it is lost, and counts as others'.

Between the rows, before the first and after the last one, the yardsticks are read.
"""

from __future__ import annotations

import contextlib
import os
import platform
import time
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest

from concurbench import machine
from concurbench.measure.yardsticks import Yardsticks
from concurbench.results.drift import Readings, speed_near

MIN_SECONDS = 0.2
"""Shortest span with known shares: systems count CPU time in ticks of about a hundredth of a second."""

MAX_BUSY = 0.10
"""The share of all cores that others may use before a session warns of it."""

PREFLIGHT_SECONDS = 0.2
"""How long the preflight check watches the CPU."""

CPUS = Path("/sys/devices/system/cpu")


@dataclass(frozen=True)
class Shares:
    """Shares of all usable cores' time, 0 to 1; None if unknown."""

    steal: float | None
    """What the hypervisor gave to other machines while this one had work."""
    others: float | None
    """What processes used that are not ours."""


@dataclass(frozen=True)
class Snapshot:
    """CPU times in seconds, each since an arbitrary moment: only differences mean anything."""

    when: float
    cores: int
    """The number of usable cores."""
    busy: float
    """How long these cores worked, for any process."""
    steal: float | None
    ours: float | None

    @classmethod
    def now(cls) -> Snapshot:
        """The present state; takes some milliseconds."""
        ours = our_seconds()
        busy, steal = cpu_seconds()
        return cls(time.perf_counter(), machine.usable_cores(), busy, steal, ours)

    def until(self, later: Snapshot) -> Shares:
        """The shares between this snapshot and a later one; unknown within less than MIN_SECONDS."""
        elapsed = later.when - self.when
        if elapsed < MIN_SECONDS:
            return Shares(None, None)
        steal = others = None
        if self.steal is not None and later.steal is not None:
            steal = _share(later.steal - self.steal, elapsed * self.cores)
        if self.ours is not None and later.ours is not None:
            # Slightly negative if a process ended between the two readings of a snapshot.
            busy = (later.busy - self.busy) - (later.ours - self.ours)
            others = _share(busy, elapsed * self.cores)
        return Shares(steal, others)


def _share(seconds: float, available: float) -> float:
    return min(1.0, max(0.0, seconds / available))


def cpu_seconds() -> tuple[float, float | None]:
    """How long the usable cores were busy, and how long stolen; None if the system does not count it.

    All cores together where the usable ones cannot be identified.
    """
    usable = _usable()
    cores: list[Any] = psutil.cpu_times(percpu=True)
    times = [cores[core] for core in usable] if usable else cores
    # Without the time for guests, which is part of the users' time, and without iowait, which is idle.
    kinds = ("user", "nice", "system", "irq", "softirq")
    busy = sum(getattr(core, kind, 0.0) for core in times for kind in kinds)
    steal = sum(core.steal for core in times) if hasattr(times[0], "steal") else None
    return busy, steal


def _usable() -> list[int]:
    """The usable cores as indices of psutil's list; empty if they cannot be mapped to it."""
    if not hasattr(os, "sched_getaffinity"):
        return []
    usable = sorted(os.sched_getaffinity(0))
    # psutil lists the cores that are online. With one offline, numbers and indices differ.
    all_online = os.sysconf("SC_NPROCESSORS_CONF") == os.sysconf("SC_NPROCESSORS_ONLN")
    return usable if all_online and usable[-1] < (psutil.cpu_count() or 0) else []


def our_seconds() -> float | None:
    """The CPU time of this process and all its descendants, live or ended; None if the system does not
    report that of ended ones."""
    if psutil.WINDOWS:
        return None
    own = os.times()
    total = own.user + own.system + own.children_user + own.children_system
    for child in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.Error):
            total += sum(child.cpu_times()[:4])
    return total


def unknown() -> Mapping[str, str]:
    """What this system does not report about interference: name of the share -> the reason."""
    reasons = {}
    system = platform.system()
    if cpu_seconds()[1] is None:
        reasons["steal"] = f"{system} does not report it"
    if our_seconds() is None:
        reasons["others"] = f"{system} does not report the CPU time of ended processes"
    return reasons


@dataclass(frozen=True)
class RowPeriod:
    """A row from its setup to its teardown, in seconds since the start of the yardsticks."""

    start: float
    end: float
    shares: Shares


class Interference:
    """A pytest plugin that watches the rows of a session, and reads the yardsticks between them.

    Yardsticks write their files below ``near``.
    """

    def __init__(self, rows: list[str], near: Path) -> None:
        self._rows = rows
        self._near = near
        self._periods: dict[str, RowPeriod] = {}
        self._yardsticks: Yardsticks | None = None
        self._open = contextlib.ExitStack()

    @property
    def readings(self) -> Readings:
        """The readings of each yardstick."""
        return self._yardsticks.readings if self._yardsticks else {}

    @property
    def unreadable(self) -> Mapping[str, str]:
        """Yardstick -> why it could not be read."""
        return self._yardsticks.unreadable if self._yardsticks else {}

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, Any, Any]:
        if item.nodeid not in self._rows:
            return (yield)
        if self._yardsticks is None:
            self._yardsticks = self._open.enter_context(Yardsticks(self._near))
            self._yardsticks.sweep(complete=True)
        before, start = Snapshot.now(), time.perf_counter() - self._yardsticks.start
        try:
            return (yield)
        finally:
            end, shares = time.perf_counter() - self._yardsticks.start, before.until(Snapshot.now())
            self._periods[item.nodeid] = RowPeriod(start, end, shares)
            self._yardsticks.sweep()

    def around(self, row: str) -> dict[str, float | None]:
        """``steal``, ``others`` and the machine's ``speed`` while this row ran, 1 being the session's
        median; None if unknown. Empty for a row that did not run."""
        period = self._periods.get(row)
        if period is None:
            return {}
        speed = speed_near(self.readings, period.start, period.end)
        return {"steal": period.shares.steal, "others": period.shares.others, "speed": speed}

    def close(self) -> None:
        """End the process that the yardsticks use."""
        self._open.close()


def preflight_check() -> list[str]:
    """What is likely to disturb a measurement that starts now; takes PREFLIGHT_SECONDS."""
    share = psutil.cpu_percent(PREFLIGHT_SECONDS) / 100
    found = [busy(share, psutil.getloadavg()[0]), on_battery(), throttled()]
    return [sentence for sentence in found if sentence]


def busy(share: float, load: float) -> str | None:
    """The warning for other programs that use this share of the CPU; ``load`` is the load average of
    the last minute."""
    if share <= MAX_BUSY:
        return None
    return f"other programs use {share:.0%} of the CPU (load {load:.1f}): times will vary"


def on_battery() -> str | None:
    """The warning for a machine on battery; None if it is not, or the system does not report it."""
    battery = getattr(psutil, "sensors_battery", lambda: None)()
    if battery is None or battery.power_plugged is not False:
        return None
    return f"on battery ({battery.percent:.0f} %): the CPU may be slowed down"


def throttled(cpus: Path = CPUS) -> str | None:
    """The warning for a core that is limited to less than its highest clock speed; None if there is
    none, or the system does not report it."""
    shares = []
    for core in cpus.glob("cpu[0-9]*/cpufreq"):
        with contextlib.suppress(OSError, ValueError):
            allowed = int((core / "scaling_max_freq").read_text())
            shares.append(allowed / int((core / "cpuinfo_max_freq").read_text()))
    if not shares or min(shares) >= 1:
        return None
    return f"the CPU is limited to {min(shares):.0%} of its clock speed"
