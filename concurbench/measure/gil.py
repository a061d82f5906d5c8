"""Proof that a free-threaded interpreter ran without the global lock, or the name of what switched
it on.

On a free-threaded build, importing an extension module that does not declare it can do without the
lock switches the lock on, for good and for the whole process.
"""

from __future__ import annotations

import importlib.machinery
import os
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass

from concurbench import machine

PATIENCE = 10.0
"""Seconds that loading one extension module, in a process of its own, may take."""

LOADS = """
import importlib.util, sys
name, path = sys.argv[1:]
importlib.util.module_from_spec(importlib.util.spec_from_file_location(name, path))
print(sys._is_gil_enabled())
"""


@dataclass(frozen=True)
class Watch:
    """The lock over a session: whether it was on at its start and at its end, and which modules
    switched it on."""

    start: bool
    end: bool
    switched_on_by: tuple[str, ...] = ()

    @classmethod
    def begin(cls) -> Watch:
        """As it is now."""
        now = machine.gil_enabled()
        return cls(now, now)

    def look_again(self) -> Watch:
        """The same session, now at its end."""
        now = machine.gil_enabled()
        return Watch(self.start, now, tuple(culprits()) if now and machine.free_threaded() else ())

    @property
    def trouble(self) -> str:
        """Why this is no free-threaded run on a free-threaded build; empty where it is one."""
        if not (machine.free_threaded() and self.end):
            return ""
        when = "from the start" if self.start else "from some row on"
        by = ", ".join(self.switched_on_by) or "PYTHON_GIL or -X gil"
        return f"a free-threaded Python with its lock on {when}, switched on by {by}"


def culprits() -> list[str]:
    """The extension modules loaded here each of which, by itself, switches the lock on."""
    return [name for name, path in extensions() if _switches_on(name, path)]


def extensions() -> Iterable[tuple[str, str]]:
    """Every extension module loaded in this process: its name and file."""
    for name, module in sorted(sys.modules.items()):
        spec = getattr(module, "__spec__", None)
        if spec and spec.origin and isinstance(spec.loader, importlib.machinery.ExtensionFileLoader):
            yield name, spec.origin


def _switches_on(name: str, path: str) -> bool:
    environ = {key: value for key, value in os.environ.items() if key != "PYTHON_GIL"}
    command = [sys.executable, "-c", LOADS, name, path]
    try:
        done = subprocess.run(command, env=environ, capture_output=True, timeout=PATIENCE, check=False)
    except subprocess.TimeoutExpired:
        return False
    return done.stdout.strip() == b"True"
