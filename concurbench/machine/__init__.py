"""The identity card of the machine and interpreter a run belongs to.

``folder()`` names them: runs in one folder may be compared, runs in two may not. ``facts()`` is what
stands behind the name, and what else may matter; ``differences()`` names what two runs do not share.
Nothing here starts a process or takes noticeable time on Linux, and there is no host name in it.
"""

from __future__ import annotations

from concurbench.machine.card import Card, Section, card, differences, facts, folder
from concurbench.machine.field import HIDDEN, NOT_TOLD, Field, Kind
from concurbench.machine.host import Host
from concurbench.machine.interpreter import Interpreter, free_threaded, gil_enabled
from concurbench.machine.processor import usable_cores

__all__ = [
    "HIDDEN",
    "NOT_TOLD",
    "Card",
    "Field",
    "Host",
    "Interpreter",
    "Kind",
    "Section",
    "card",
    "differences",
    "facts",
    "folder",
    "free_threaded",
    "gil_enabled",
    "usable_cores",
]
