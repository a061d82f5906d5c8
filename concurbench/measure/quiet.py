"""Is the machine quiet enough to measure on? What is not, as sentences."""

from __future__ import annotations

import contextlib
from pathlib import Path

import psutil

BUSY = 0.10
"""The share of all cores that others may use before it is worth a warning."""

LOOK = 0.2
"""Seconds to watch the CPU for."""

CPUS = Path("/sys/devices/system/cpu")


def disturbances() -> list[str]:
    """What is likely to disturb a measurement now; takes ``LOOK`` seconds."""
    found = [busy(psutil.cpu_percent(LOOK) / 100, psutil.getloadavg()[0]), on_battery(), slowed()]
    return [sentence for sentence in found if sentence]


def busy(share: float, load: float) -> str | None:
    """What to say where others use so much of the CPU, with this load average of the last minute."""
    if share <= BUSY:
        return None
    return f"other programs use {share:.0%} of the CPU (load {load:.1f}): times will vary"


def on_battery() -> str | None:
    """Whether the machine runs on a battery, where the system tells."""
    sensor = getattr(psutil, "sensors_battery", lambda: None)()
    if sensor is None or sensor.power_plugged is not False:
        return None
    return f"on battery ({sensor.percent:.0f} %): the CPU may be slowed down to save it"


def slowed(cpus: Path = CPUS) -> str | None:
    """Whether a core is held below its highest clock speed, where the system tells."""
    shares = []
    for core in cpus.glob("cpu[0-9]*/cpufreq"):
        with contextlib.suppress(OSError, ValueError):
            allowed = int((core / "scaling_max_freq").read_text())
            shares.append(allowed / int((core / "cpuinfo_max_freq").read_text()))
    if not shares or min(shares) >= 1:
        return None
    return f"the CPU is held at {min(shares):.0%} of its clock speed (throttled or limited)"
