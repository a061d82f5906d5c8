"""How much memory there is."""

from __future__ import annotations

import re

from concurbench.machine import cgroups
from concurbench.machine.field import NONE, NOT_TOLD, Field, Value, context, volatile
from concurbench.machine.host import Host

GIB = 2**30


def fields(host: Host) -> list[Field]:
    return [
        context("memory_gib", "memory, GiB", _gib(total(host))),
        context("memory_limit_gib", "memory limit, GiB", limit(host)),
        volatile("memory_available_gib", "memory available, GiB", _gib(_meminfo(host, "MemAvailable"))),
    ]


def total(host: Host) -> int | None:
    """Bytes, as the system sees them; None where it does not tell."""
    return _meminfo(host, "MemTotal") if host.is_linux else host.told().memory


def limit(host: Host) -> Value:
    """What a control group allows, in GiB, if that is less than there is."""
    if not host.is_linux:
        return NOT_TOLD
    allowed, there = cgroups.memory_limit(host), total(host)
    if allowed is None or (there is not None and allowed >= there):
        return NONE
    return _gib(allowed)


def _meminfo(host: Host, name: str) -> int | None:
    said = re.search(rf"^{name}:\s*(\d+) kB", host.read("proc/meminfo"), re.MULTILINE)
    return int(said.group(1)) * 1024 if said else None


def _gib(size: int | None) -> Value:
    # One digit behind the point: each new kernel keeps a little more or less for itself.
    return NOT_TOLD if size is None else round(size / GIB, 1)
