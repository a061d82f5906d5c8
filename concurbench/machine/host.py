"""The source of the facts about a machine: this machine, or a recorded one."""

from __future__ import annotations

import contextlib
import functools
import os
import platform
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple


class Uname(NamedTuple):
    """The system's name for itself, and its version."""

    system: str
    release: str
    version: str
    machine: str


@dataclass(frozen=True)
class Fallback:
    """Facts from libraries, for systems without ``/proc``; empty or None where they are unknown."""

    cpu: str = ""
    physical_cores: int | None = None
    memory: int | None = None
    """Bytes."""
    distribution: str = ""


@dataclass(frozen=True)
class Host:
    """A machine at one moment, to read facts from. It reads each file once."""

    uname: Uname
    root: Path = Path("/")
    """The folder that contains its ``proc``, ``sys``, ``run`` and ``etc``."""
    cores: int = 1
    """Its logical cores."""
    affinity: frozenset[int] | None = None
    """The cores this process may run on; None where the system has no affinity."""
    environ: Mapping[str, str] = field(default_factory=dict, compare=False)
    fallback: Callable[[], Fallback] = field(default=Fallback, compare=False)
    """Called only outside Linux, because it is slow."""
    _texts: dict[str, str] = field(default_factory=dict, init=False, repr=False, compare=False)

    @classmethod
    def here(cls) -> Host:
        # Without the sixth part: to find the processor, platform starts a process.
        uname = platform.uname()
        return cls(
            uname=Uname(uname.system, uname.release, uname.version, uname.machine),
            cores=os.cpu_count() or 1,
            affinity=frozenset(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else None,
            environ=os.environ,
            fallback=_from_libraries,
        )

    @property
    def is_linux(self) -> bool:
        return self.uname.system == "Linux"

    def read(self, path: str) -> str:
        """The text of a file without blanks around it; empty where it cannot be read."""
        if path not in self._texts:
            self._texts[path] = ""
            with contextlib.suppress(OSError):
                text = (self.root / path).read_text(encoding="utf-8", errors="replace")
                self._texts[path] = text.strip("\0 \t\n")
        return self._texts[path]

    def has(self, path: str) -> bool:
        try:
            return (self.root / path).exists()
        except OSError:  # no permission, before Python 3.12
            return False

    def read_all(self, pattern: str) -> list[str]:
        """The texts of all files whose path matches, in order, without the empty ones."""
        paths = sorted(self.root.glob(pattern))
        return [text for path in paths if (text := self.read(str(path)))]


@functools.cache
def _from_libraries() -> Fallback:
    # Imported only when needed: cpuinfo starts processes.
    import cpuinfo
    import psutil

    macos = platform.mac_ver()[0]
    return Fallback(
        cpu=str(cpuinfo.get_cpu_info().get("brand_raw", "")).strip(),
        physical_cores=psutil.cpu_count(logical=False),
        memory=psutil.virtual_memory().total,
        distribution=f"macOS {macos}" if macos else "",
    )
