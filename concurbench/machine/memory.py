"""The size of the memory, and its limit."""

from __future__ import annotations

import re

from concurbench.machine import cgroups
from concurbench.machine.card import NONE, UNKNOWN, Field, Value, context, volatile
from concurbench.machine.host import Host

GIB = 2**30


def fields(host: Host) -> list[Field]:
    return [
        context("memory_gib", "memory, GiB", _gib(total(host))),
        context("memory_limit_gib", "memory limit, GiB", limit(host)),
        volatile("memory_available_gib", "memory available, GiB", _gib(_meminfo(host, "MemAvailable"))),
    ]


def total(host: Host) -> int | None:
    """The system's memory in bytes; None where it is unknown."""
    return _meminfo(host, "MemTotal") if host.is_linux else host.fallback().memory


def limit(host: Host) -> Value:
    """The control group's limit in GiB, if it is below the total."""
    if not host.is_linux:
        return UNKNOWN
    allowed, there = cgroups.memory_limit(host), total(host)
    if allowed is None or (there is not None and allowed >= there):
        return NONE
    return _gib(allowed)


def _meminfo(host: Host, name: str) -> int | None:
    found = re.search(rf"^{name}:\s*(\d+) kB", host.read("proc/meminfo"), re.MULTILINE)
    return int(found.group(1)) * 1024 if found else None


def _gib(size: int | None) -> Value:
    # One decimal: each kernel version reserves slightly more or less for itself.
    return UNKNOWN if size is None else round(size / GIB, 1)
