"""The processor, and how much of it this process may use."""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Mapping

from concurbench.machine import cgroups, system
from concurbench.machine.card import HIDDEN, NONE, UNKNOWN, Field, Value, context, identity, volatile
from concurbench.machine.host import Host

CPUS = "sys/devices/system/cpu"

KNOWN = "known"
"""The value of ``cpu_exact`` where the CPU's name is that of one model."""

NOISE_WORDS = re.compile(
    r"\((?:r|tm)\)|@.*|\bw(?:ith|/) .*\bgraphics\b"
    r"|\b(?:cpu|processor|\d+-core|\d+(?:st|nd|rd|th) gen)\b",
    re.IGNORECASE,
)
"""Parts of a CPU's name that do not distinguish models."""

GENERIC = re.compile(r"\(.*?\)|-v\d+\b|.*\b(?:qemu|kvm)\b.*", re.IGNORECASE)
"""Parts of a CPU's name that a hypervisor made up."""


def fields(host: Host) -> list[Field]:
    # Where a hypervisor gives several models the same name, these numbers distinguish them.
    numbers = context if exact(host) == KNOWN else identity
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
        volatile("load", "load average, 1 min", load(host)),
        volatile("steal", "steal", steal(host)),
    ]


def model(host: Host) -> str:
    """The CPU's name; without a name, its architecture and the numbers of its maker and part."""
    if not host.is_linux:
        return host.fallback().cpu or host.uname.machine
    if name := _value(host, "model name"):
        return name
    numbers = [_value(host, "CPU implementer"), _value(host, "CPU part")]
    return " ".join(filter(None, [host.uname.machine, *numbers]))


def short_name(model: str) -> str:
    """The name of a CPU without the parts that do not distinguish models."""
    return " ".join(NOISE_WORDS.sub(" ", model).split())


def distinct_name(host: Host) -> str:
    """The CPU's name, with its numbers where several models share the name."""
    name, numbers = short_name(model(host)), family(host)
    return name if exact(host) == KNOWN or numbers == UNKNOWN else f"{name} {numbers}"


def exact(host: Host) -> str:
    """``known`` where the name contains a number and so is that of one model."""
    name = GENERIC.sub("", short_name(model(host)))
    return KNOWN if re.search(r"\d", name) else system.hidden_or_unknown(host)


def family(host: Host) -> str:
    """Family, model and stepping: they differ even where a hypervisor gives models the same name."""
    numbers = [_value(host, each) for each in ("cpu family", "model", "stepping")]
    return ".".join(numbers) if host.is_linux and all(numbers) else UNKNOWN


def usable_cores(host: Host | None = None) -> int:
    """The cores this process can keep busy, rounded up."""
    return max(1, math.ceil(core_share(host or Host.here())))


def core_share(host: Host) -> float:
    """The same, not rounded: its affinity, limited by its quota, which can be a fraction of a core."""
    allowed = host.cores if host.affinity is None else len(host.affinity)
    return min(allowed, _quota(host) or math.inf)


def reported_otherwise(facts: Mapping[str, object]) -> str:
    """A sentence if Python reports another number of cores than the process may use: pools without a
    size are too large then, or too small. Empty if not, or if the facts of a machine do not say."""
    usable, reported = facts.get("usable_cores"), facts.get("python_cores")
    if not isinstance(usable, int) or not isinstance(reported, int):
        return ""
    quota = facts.get("cpu_quota")
    by_quota = isinstance(quota, int | float) and quota <= usable
    share = quota if by_quota else usable
    if share == reported:
        return ""
    why = "its CPU quota" if by_quota else "its affinity"
    large = "large" if reported > usable else "small"
    cores = "1 core" if share == 1 else f"{share:g} cores"
    return (
        f"this process may use {cores} ({why}), but Python reports {reported}: "
        f"pools sized by that are too {large}, so name the number of workers"
    )


def physical_cores(host: Host) -> Value:
    """Physical cores, however many threads each has. In a virtual machine they are known only where
    the hypervisor shows which logical cores share one."""
    if not host.is_linux:
        return host.fallback().physical_cores or UNKNOWN
    cores = _threads_by_core(host)
    if system.is_virtual(host) and max(cores, default=1) == 1:
        return HIDDEN
    return len(cores) or UNKNOWN


def smt(host: Host) -> str:
    """Simultaneous multithreading: ``on``, ``off`` where it was switched off, or ``none``."""
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
        parts = zip(_all_values(host, "physical id"), _all_values(host, "core id"), strict=False)
        siblings = [" ".join(part) for part in parts]
    return [siblings.count(core) for core in dict.fromkeys(siblings)]


@functools.cache  # usable_cores is called for every row
def _quota(host: Host) -> float | None:
    quota = cgroups.cpu_quota(host) if host.is_linux else None
    return None if quota is None else round(quota, 2)


def governor(host: Host) -> str:
    """The frequency governor and its driver, as in ``powersave (intel_pstate)``."""
    governors = dict.fromkeys(host.read_all(f"{CPUS}/cpu[0-9]*/cpufreq/scaling_governor"))
    if not governors:
        return system.hidden_or_unknown(host)
    drivers = dict.fromkeys(host.read_all(f"{CPUS}/cpu[0-9]*/cpufreq/scaling_driver"))
    return ", ".join(governors) + (f" ({', '.join(drivers)})" if drivers else "")


def boost(host: Host) -> str:
    """Whether the clock may go above its nominal speed: ``on`` or ``off``."""
    files = {f"{CPUS}/intel_pstate/no_turbo": "0", f"{CPUS}/cpufreq/boost": "1"}
    for file, on in files.items():
        if text := host.read(file):
            return "on" if text == on else "off"
    return system.hidden_or_unknown(host)


def clock(host: Host) -> Value:
    speeds = [float(speed) for speed in _all_values(host, "cpu MHz")]
    return round(sum(speeds) / len(speeds)) if speeds else UNKNOWN


def load(host: Host) -> Value:
    text = host.read("proc/loadavg").split()
    return float(text[0]) if text else UNKNOWN


def steal(host: Host) -> str:
    """Whether this machine has ever counted steal. If not, a run without steal proves nothing."""
    times = host.read("proc/stat").partition("\n")[0].split()
    if not host.is_linux or len(times) < 9:
        return UNKNOWN
    return "reported" if int(times[8]) else "never counted"


def _value(host: Host, name: str) -> str:
    return next(iter(_all_values(host, name)), "")


def _all_values(host: Host, name: str) -> list[str]:
    found = re.findall(rf"^{name}[ \t]*:(.*)$", host.read("proc/cpuinfo"), re.MULTILINE)
    return [value.strip() for value in found if value.strip()]
