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
from dataclasses import dataclass, field

from concurbench import machine

TIMEOUT = 10.0
"""Seconds to load one extension module in a process of its own."""

PROBE = """
import importlib.util, sys
name, path = sys.argv[1:]
importlib.util.module_from_spec(importlib.util.spec_from_file_location(name, path))
print(sys._is_gil_enabled())
"""


@dataclass
class GilCheck:
    """The GIL of a session that starts now: on at its start, on at its end, and which extension modules
    switched it on."""

    start: bool = field(default_factory=lambda: machine.gil_enabled())
    end: bool = False
    switched_on_by: list[str] = field(default_factory=list)

    def finish(self) -> str:
        """The session ends now. Returns why it was not free-threaded on a free-threaded build; empty if
        it was, and on other builds."""
        self.end = machine.gil_enabled()
        if not (machine.free_threaded() and self.end):
            return ""
        self.switched_on_by = [name for name, path in extensions() if switches_on(name, path)]
        when = "from the start" if self.start else "after some row"
        by = ", ".join(self.switched_on_by) or "PYTHON_GIL or -X gil"
        return f"a free-threaded Python ran with its GIL on {when}, switched on by {by}"


def extensions() -> Iterable[tuple[str, str]]:
    """Name and file of every extension module loaded in this process."""
    for name, module in sorted(sys.modules.items()):
        spec = getattr(module, "__spec__", None)
        if spec and spec.origin and isinstance(spec.loader, importlib.machinery.ExtensionFileLoader):
            yield name, spec.origin


def switches_on(name: str, path: str) -> bool:
    """Whether an extension module switches the GIL on when it is imported alone."""
    environ = {key: value for key, value in os.environ.items() if key != "PYTHON_GIL"}
    command = [sys.executable, "-c", PROBE, name, path]
    try:
        done = subprocess.run(command, env=environ, capture_output=True, timeout=TIMEOUT, check=False)
    except subprocess.TimeoutExpired:
        return False
    return done.stdout.strip() == b"True"
