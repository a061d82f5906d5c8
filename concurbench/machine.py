"""The machine and interpreter a run belongs to.

``folder()`` names them: runs in one folder may be compared, runs in two may not. ``facts()`` is what
stands behind the name, and what else may matter. All of it is the same from run to run until
somebody changes something: no clock speed, no load, no host name.
"""

from __future__ import annotations

import functools
import importlib.metadata
import os
import platform
import re
import sys
import sysconfig
from collections.abc import Iterable, Mapping
from pathlib import Path

import cpuinfo

CPUINFO = Path("/proc/cpuinfo")

NOISE_WORDS = re.compile(
    r"\((?:r|tm)\)|@.*|\b(?:cpu|processor|\d+-core|with .* graphics)\b", re.IGNORECASE
)
"""What makers add to the name of a CPU without telling it from others."""


def facts(packages: Iterable[str] = ()) -> dict[str, object]:
    """The facts about this machine and interpreter, and the versions of those of ``packages`` that are
    there: some have no wheel for some interpreters."""
    return {
        "system": system(),
        "kernel": platform.release(),
        "architecture": platform.machine(),
        "cpu": cpu(),
        "usable_cores": usable_cores(),
        "python_implementation": platform.python_implementation(),
        "python_version": platform.python_version(),
        "python_compiler": platform.python_compiler(),
        "free_threaded": free_threaded(),
        "gil_enabled": gil_enabled(),
        "switch_interval_seconds": sys.getswitchinterval(),
        "packages": {
            each.name: each.version
            for name in sorted(packages)
            for each in importlib.metadata.distributions(name=name)
        },
    }


def folder(python: str | None = None) -> str:
    """The name of this machine and interpreter, as in ``linux-amd-epyc-2c-cpython-3.11``; of another
    interpreter if ``python`` names it."""
    if python is None:
        build = "t" if free_threaded() else ""
        python = (
            f"{platform.python_implementation()}-{sys.version_info[0]}.{sys.version_info[1]}{build}"
        )
    return _slug(f"{system()}-{NOISE_WORDS.sub('', cpu())}-{usable_cores()}c-{python}")


def differences(base: Mapping[str, object], head: Mapping[str, object]) -> list[str]:
    """The facts that two runs do not share, each as ``name: base → head``."""
    old, new = dict(_flat(base)), dict(_flat(head))
    return [
        f"{name}: {old.get(name, 'not there')} → {new.get(name, 'not there')}"
        for name in sorted(old.keys() | new.keys())
        if old.get(name) != new.get(name)
    ]


@functools.cache
def system(release: str | None = None, name: str | None = None) -> str:
    """The operating system in one word; Windows' own Linux is told from a native one."""
    release = (platform.release() if release is None else release).lower()
    name = (platform.system() if name is None else name).lower()
    if name == "linux" and "microsoft" in release:
        return "wsl2" if "standard" in release or "wsl2" in release else "wsl1"
    return {"darwin": "macos"}.get(name, name)


@functools.cache
def cpu() -> str:
    """The CPU as its maker calls it; its architecture where nothing tells."""
    if named := re.search(r"^model name\s*:\s*(.+)$", _read(CPUINFO), re.MULTILINE):
        return named.group(1).strip()
    # It knows every system, and takes a fifth of a second.
    name: str = cpuinfo.get_cpu_info().get("brand_raw", "")
    return name.strip() or platform.machine()


def usable_cores() -> int:
    """The cores this process may run on, which can be fewer than the machine has."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def free_threaded() -> bool:
    """Whether this interpreter was built to run without its global lock."""
    return bool(sysconfig.get_config_var("Py_GIL_DISABLED"))


def gil_enabled() -> bool:
    """Whether the global lock is held right now: importing an extension can switch it on."""
    return getattr(sys, "_is_gil_enabled", lambda: True)()


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9.]+", "-", text.lower()).strip("-")


def _flat(facts: Mapping[str, object], prefix: str = "") -> Iterable[tuple[str, object]]:
    for name, value in facts.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value
