"""One line of an identity card."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

HIDDEN = "hidden"
"""The value of what a hypervisor keeps from its virtual machine."""

NOT_TOLD = "not told by this system"
"""The value of what may well be so, and cannot be read here."""

NONE = "none"
"""The value of what could be there and is not: no quota, no limit."""

Value = str | int | float | bool


class Kind(StrEnum):
    """What a field means for the comparison of two runs."""

    IDENTITY = "identity"
    """Runs that differ in it are never compared: it is part of the folder's name."""
    CONTEXT = "context"
    """A difference is named, and the runs are compared all the same."""
    VOLATILE = "volatile"
    """It changes by itself, so a difference says nothing."""


@dataclass(frozen=True)
class Field:
    """A fact: its name in files, its title for people, what it means for comparisons, its value."""

    name: str
    title: str
    kind: Kind
    value: Value


def identity(name: str, title: str, value: Value) -> Field:
    return Field(name, title, Kind.IDENTITY, value)


def context(name: str, title: str, value: Value) -> Field:
    return Field(name, title, Kind.CONTEXT, value)


def volatile(name: str, title: str, value: Value) -> Field:
    return Field(name, title, Kind.VOLATILE, value)
