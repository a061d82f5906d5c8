"""The processor, and how much of it this process may use."""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Iterator

from concurbench.machine import cgroups, system
from concurbench.machine.field import HIDDEN, NONE, NOT_TOLD, Field, Value, context, identity, volatile
from concurbench.machine.host import Host

CPUS = "sys/devices/system/cpu"

TOLD = "told"

NOISE_WORDS = re.compile(
    r"\((?:r|tm)\)|@.*|\bw(?:ith|/) .*\bgraphics\b"
    r"|\b(?:cpu|processor|\d+-core|\d+(?:st|nd|rd|th) gen)\b",
    re.IGNORECASE,
)
"""What makers add to the name of a CPU without telling it from others."""

MADE_UP = re.compile(r"\(.*?\)|-v\d+\b|.*\b(?:qemu|kvm)\b.*", re.IGNORECASE)
"""What hypervisors put into the name of a CPU that is not that of any."""


def fields(host: Host) -> list[Field]:
    # Where a hypervisor gives several models one name, these numbers tell them apart.
    numbers = context if exact(host) == TOLD else identity
    return [
        identity("cpu", "CPU", model(host)),
        context("cpu_exact", "exact CPU model", exact(host)),
        numbers("cpu_family", "family.model.stepping", family(host)),
        context("physical_cores", "physical cores", physical_cores(host)),
        context("logical_cores", "logical cores", host.cores),
        identity("usable_cores", "usable cores", usable_cores(host)),
        identity("cpu_quota", "CPU quota, cores", _quota(host) or NONE),
        context("smt", "SMT", smt(host)),
        context("governor", "governor", governor(host)),
        context("boost", "boost", boost(host)),
        volatile("clock_mhz", "clock, MHz", clock(host)),
        volatile("load", "load of a minute", load(host)),
        volatile("steal", "steal", steal(host)),
    ]


# -- which --------------------------------------------------------------------------------------------


def model(host: Host) -> str:
    """The CPU as its maker calls it; the numbers of maker and part, or its architecture, where it has
    no name."""
    if not host.is_linux:
        return host.told().cpu or host.uname.machine
    if name := _said(host, "model name"):
        return name
    numbers = [_said(host, "CPU implementer"), _said(host, "CPU part")]
    return " ".join(filter(None, [host.uname.machine, *numbers]))


def short_name(model: str) -> str:
    """The name of a CPU without what does not tell it from others."""
    return " ".join(NOISE_WORDS.sub(" ", model).split())


def distinct_name(host: Host) -> str:
    """What tells it from others: its name, and where that is no model's alone, its numbers."""
    name, numbers = short_name(model(host)), family(host)
    return name if exact(host) == TOLD or numbers == NOT_TOLD else f"{name} {numbers}"


def exact(host: Host) -> str:
    """Whether the name is that of one model: then it has a number."""
    name = MADE_UP.sub("", short_name(model(host)))
    return TOLD if re.search(r"\d", name) else system.unseen(host)


def family(host: Host) -> str:
    """The numbers that also tell models apart which a hypervisor gives one name."""
    numbers = [_said(host, each) for each in ("cpu family", "model", "stepping")]
    return ".".join(numbers) if host.is_linux and all(numbers) else NOT_TOLD


# -- how many -----------------------------------------------------------------------------------------


def usable_cores(host: Host | None = None) -> int:
    """The cores this process can keep busy, which can be fewer than the machine has: those it may run
    on, and no more than its quota, rounded up."""
    return max(1, math.ceil(core_share(host or Host.here())))


def core_share(host: Host) -> float:
    """The same, with a part of a core where the quota ends in one."""
    allowed = host.cores if host.affinity is None else len(host.affinity)
    return min(allowed, _quota(host) or math.inf)


def physical_cores(host: Host) -> Value:
    """The cores, each with its two threads or its one. A virtual machine's are only known where it is
    shown which of its cores are threads of one."""
    if not host.is_linux:
        return host.told().physical_cores or NOT_TOLD
    cores = _threads_by_core(host)
    if system.is_virtual(host) and max(cores, default=1) == 1:
        return HIDDEN
    return len(cores) or NOT_TOLD


def smt(host: Host) -> str:
    """Whether cores run two threads or more at once: ``on``, ``off`` where they could, or ``none``."""
    physical = physical_cores(host)
    if not isinstance(physical, int):
        return str(physical)
    if not host.is_linux:
        return "on" if host.cores > physical else NONE
    if max(_threads_by_core(host)) > 1:
        return "on"
    return "off" if "off" in host.read(f"{CPUS}/smt/control") else NONE


def _threads_by_core(host: Host) -> list[int]:
    """How many threads each physical core has."""
    siblings = host.read_all(f"{CPUS}/cpu[0-9]*/topology/thread_siblings_list")
    if not siblings:
        parts = zip(_all_said(host, "physical id"), _all_said(host, "core id"), strict=False)
        siblings = [" ".join(part) for part in parts]
    return [siblings.count(core) for core in dict.fromkeys(siblings)]


@functools.cache  # the number of usable cores is asked for with each row
def _quota(host: Host) -> float | None:
    quota = cgroups.cpu_quota(host) if host.is_linux else None
    return None if quota is None else round(quota, 2)


# -- how fast -----------------------------------------------------------------------------------------


def governor(host: Host) -> str:
    """What chooses the clock speed, and by which driver, as in ``powersave (intel_pstate)``."""
    governors = dict.fromkeys(host.read_all(f"{CPUS}/cpu[0-9]*/cpufreq/scaling_governor"))
    if not governors:
        return system.unseen(host)
    drivers = dict.fromkeys(host.read_all(f"{CPUS}/cpu[0-9]*/cpufreq/scaling_driver"))
    return ", ".join(governors) + (f" ({', '.join(drivers)})" if drivers else "")


def boost(host: Host) -> str:
    """Whether the clock may go above its nominal speed: ``on`` or ``off``."""
    files = {f"{CPUS}/intel_pstate/no_turbo": "0", f"{CPUS}/cpufreq/boost": "1"}
    for file, on in files.items():
        if said := host.read(file):
            return "on" if said == on else "off"
    return system.unseen(host)


def clock(host: Host) -> Value:
    """The mean clock speed of all cores right now."""
    speeds = [float(speed) for speed in _all_said(host, "cpu MHz")]
    return round(sum(speeds) / len(speeds)) if speeds else NOT_TOLD


def load(host: Host) -> Value:
    """How many threads ran or wanted to, on average over the last minute."""
    said = host.read("proc/loadavg").split()
    return float(said[0]) if said else NOT_TOLD


def steal(host: Host) -> str:
    """Whether time that the hypervisor gave to others has ever been counted here. Only then does it
    mean anything that none is counted during a run."""
    times = host.read("proc/stat").partition("\n")[0].split()
    if not host.is_linux or len(times) < 9:
        return NOT_TOLD
    return "reported" if int(times[8]) else "none seen yet"


def _said(host: Host, name: str) -> str:
    return next(_all_said(host, name), "")


def _all_said(host: Host, name: str) -> Iterator[str]:
    for line in host.read("proc/cpuinfo").splitlines():
        key, _, value = line.partition(":")
        if key.strip() == name and value.strip():
            yield value.strip()
