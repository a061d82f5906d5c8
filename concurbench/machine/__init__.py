"""The identity card of the machine and interpreter that a run belongs to.

``folder()`` names both: only runs in the same folder are compared automatically. ``facts()`` is what a
run keeps, ``differences()`` lists the facts in which two runs differ. It starts no process on Linux
and records no host name. May import: nothing of this project.
"""

from __future__ import annotations

from concurbench.machine.card import HIDDEN, UNKNOWN, Kind, differences
from concurbench.machine.host import Host
from concurbench.machine.identify import card, facts, folder
from concurbench.machine.interpreter import free_threaded, gil_enabled
from concurbench.machine.processor import reported_otherwise, usable_cores

__all__ = [
    "HIDDEN", "UNKNOWN", "Host", "Kind", "card", "differences", "facts", "folder", "free_threaded",
    "gil_enabled", "reported_otherwise", "usable_cores",
]  # fmt: skip
