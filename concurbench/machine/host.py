"""Where the facts about a machine are read from: this one, or one that was recorded."""

from __future__ import annotations

import functools
import os
import platform
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple


class Uname(NamedTuple):
    """What a system calls itself."""

    system: str
    release: str
    version: str
    machine: str


@dataclass(frozen=True)
class Told:
    """What libraries tell of a system without ``/proc``; empty or None where they do not know."""

    cpu: str = ""
    physical_cores: int | None = None
    memory: int | None = None
    """Bytes."""
    distribution: str = ""


@dataclass(frozen=True)
class Host:
    """A machine at one moment, to read facts from: each file is read once."""

    uname: Uname
    root: Path = Path("/")
    """The folder that its ``proc``, ``sys``, ``run`` and ``etc`` are in."""
    cores: int = 1
    """The logical cores that its system counts."""
    affinity: frozenset[int] | None = None
    """The cores this process may run on; None where the system has no such thing."""
    environ: Mapping[str, str] = field(default_factory=dict, compare=False)
    told: Callable[[], Told] = field(default=Told, compare=False)
    """Called off Linux only, for it takes its time."""
    _texts: dict[str, str] = field(default_factory=dict, init=False, repr=False, compare=False)

    @classmethod
    def here(cls) -> Host:
        """The machine this runs on, as it is now."""
        # Only these parts of it: to know the last one, the processor, it starts a process.
        told = platform.uname()
        return cls(
            uname=Uname(told.system, told.release, told.version, told.machine),
            cores=os.cpu_count() or 1,
            affinity=frozenset(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else None,
            environ=os.environ,
            told=_told_by_libraries,
        )

    @property
    def is_linux(self) -> bool:
        return self.uname.system == "Linux"

    def read(self, path: str) -> str:
        """The text of a file without blanks around it; empty where it cannot be read."""
        if path not in self._texts:
            try:
                text = (self.root / path).read_text(encoding="utf-8", errors="replace")
            except OSError:
                text = ""
            self._texts[path] = text.strip("\0 \t\n")
        return self._texts[path]

    def has(self, path: str) -> bool:
        """Whether there is such a file or folder."""
        try:
            return (self.root / path).exists()
        except OSError:  # what may not be looked at, before Python 3.12
            return False

    def read_all(self, pattern: str) -> list[str]:
        """The texts of all files whose path matches, in order, those that say nothing left out."""
        paths = sorted(self.root.glob(pattern))
        return [text for path in paths if (text := self.read(str(path)))]


@functools.cache
def _told_by_libraries() -> Told:
    # Imported only where they are asked: one of them starts processes.
    import cpuinfo
    import psutil

    macos = platform.mac_ver()[0]
    return Told(
        cpu=str(cpuinfo.get_cpu_info().get("brand_raw", "")).strip(),
        physical_cores=psutil.cpu_count(logical=False),
        memory=psutil.virtual_memory().total,
        distribution=f"macOS {macos}" if macos else "",
    )
