"""Whether a free-threaded interpreter ran without the GIL, and which module switched the GIL on.

On a free-threaded build, importing an extension module that does not declare support for running
without the GIL switches the GIL on, for the rest of the process.
"""

from __future__ import annotations

import importlib.machinery
import os
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass

from concurbench import machine

TIMEOUT = 10.0
"""Seconds to load one extension module in a process of its own."""

PROBE = """
import importlib.util, sys
name, path = sys.argv[1:]
importlib.util.module_from_spec(importlib.util.spec_from_file_location(name, path))
print(sys._is_gil_enabled())
"""


@dataclass(frozen=True)
class GilCheck:
    """Whether the GIL was on at the start and at the end of a session, and which extension modules
    switched it on."""

    start: bool
    end: bool
    switched_on_by: tuple[str, ...] = ()

    @classmethod
    def begin(cls) -> GilCheck:
        """The check of a session that starts now."""
        now = machine.gil_enabled()
        return cls(now, now)

    def finish(self) -> GilCheck:
        """The check of the same session, which ends now."""
        now = machine.gil_enabled()
        return GilCheck(self.start, now, tuple(culprits()) if now and machine.free_threaded() else ())

    @property
    def problem(self) -> str:
        """Why a session on a free-threaded build was not a free-threaded one; empty if it was, and on
        other builds."""
        if not (machine.free_threaded() and self.end):
            return ""
        when = "from the start" if self.start else "after some row"
        by = ", ".join(self.switched_on_by) or "PYTHON_GIL or -X gil"
        return f"a free-threaded Python ran with its GIL on {when}, switched on by {by}"


def culprits() -> list[str]:
    """The loaded extension modules that switch the GIL on when they are imported alone."""
    return [name for name, path in extensions() if _switches_on(name, path)]


def extensions() -> Iterable[tuple[str, str]]:
    """Name and file of every extension module loaded in this process."""
    for name, module in sorted(sys.modules.items()):
        spec = getattr(module, "__spec__", None)
        if spec and spec.origin and isinstance(spec.loader, importlib.machinery.ExtensionFileLoader):
            yield name, spec.origin


def _switches_on(name: str, path: str) -> bool:
    environ = {key: value for key, value in os.environ.items() if key != "PYTHON_GIL"}
    command = [sys.executable, "-c", PROBE, name, path]
    try:
        done = subprocess.run(command, env=environ, capture_output=True, timeout=TIMEOUT, check=False)
    except subprocess.TimeoutExpired:
        return False
    return done.stdout.strip() == b"True"
