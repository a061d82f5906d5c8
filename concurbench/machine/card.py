"""The identity card: facts about a machine and an interpreter, and how two cards differ."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

HIDDEN = "hidden"
"""The value of a fact that the hypervisor does not show to its virtual machine."""

UNKNOWN = "unknown"
"""The value of a fact that cannot be read on this machine."""

KNOWN = "known"
"""The value of ``cpu_exact`` where the CPU's name is that of one model."""

NONE = "none"
"""The value of a quota or limit that is not set."""

OLD_VALUES = {"not told by this system": UNKNOWN, "told": KNOWN}
"""Values in older saved runs -> what they are called now."""

PACKAGES = "packages"
"""The key of the versions of packages in saved runs."""

MISSING = "not installed"

Value = str | int | float | bool


class Kind(StrEnum):
    """What a field means for the comparison of two runs."""

    IDENTITY = "identity"
    """Runs that differ in it are never compared: it is part of the folder's name."""
    CONTEXT = "context"
    """A difference is reported, and the runs are compared all the same."""
    VOLATILE = "volatile"
    """It changes from moment to moment, so a difference means nothing."""


@dataclass(frozen=True)
class Field:
    """One line of a card.

    ``name`` is its key in saved runs, ``title`` is for people, ``reason`` says why it is unknown.
    """

    name: str
    title: str
    kind: Kind
    value: Value
    reason: str = ""

    @property
    def text(self) -> str:
        """The value for people."""
        if isinstance(self.value, bool):
            return "yes" if self.value else "no"
        return f"{self.value} ({self.reason})" if self.reason else str(self.value)


def identity(name: str, title: str, value: Value) -> Field:
    return Field(name, title, Kind.IDENTITY, value)


def context(name: str, title: str, value: Value) -> Field:
    return Field(name, title, Kind.CONTEXT, value)


def volatile(name: str, title: str, value: Value) -> Field:
    return Field(name, title, Kind.VOLATILE, value)


@dataclass(frozen=True)
class Section:
    """Fields about one subject, and its title."""

    title: str
    fields: tuple[Field, ...]


@dataclass(frozen=True)
class Card:
    """A machine, an interpreter and the packages that are timed."""

    folder: str
    sections: tuple[Section, ...]

    @property
    def fields(self) -> Iterator[Field]:
        for section in self.sections:
            yield from section.fields

    def value(self, name: str) -> Value:
        """The value of the field ``name``."""
        return next(field.value for field in self.fields if field.name == name)

    def facts(self) -> dict[str, object]:
        """Values by name, as a saved run keeps them. Volatile values and the versions of packages
        have keys of their own."""
        lasting: dict[str, object] = {}
        packages: dict[str, object] = {}
        changing: dict[str, object] = {}
        for field in self.fields:
            if field.kind is Kind.VOLATILE:
                changing[field.name] = field.value
            elif field.name.startswith(f"{PACKAGES}."):
                packages[field.name.partition(".")[2]] = field.value
            else:
                lasting[field.name] = field.value
        return {**lasting, PACKAGES: packages, Kind.VOLATILE.value: changing}


def current(facts: Mapping[str, object]) -> dict[str, object]:
    """The facts of a saved run, with the values of older versions replaced by today's."""
    return {
        name: current(value)
        if isinstance(value, Mapping)
        else OLD_VALUES.get(value, value)
        if isinstance(value, str)
        else value
        for name, value in facts.items()
    }


def differences(base: Mapping[str, object], head: Mapping[str, object]) -> list[str]:
    """The facts in which two saved runs differ, each as ``name: base → head``.

    Volatile facts are left out. So are facts that only one run has: the other may have been saved
    before the fact was recorded. A package that only one run has is a difference.
    """
    old, new = dict(_flat(current(base))), dict(_flat(current(head)))
    names = old.keys() & new.keys() | {
        name for name in old.keys() ^ new.keys() if name.startswith(f"{PACKAGES}.")
    }
    return [
        f"{name}: {old.get(name, MISSING)} → {new.get(name, MISSING)}"
        for name in sorted(names)
        if not name.startswith(f"{Kind.VOLATILE.value}.") and old.get(name) != new.get(name)
    ]


def _flat(facts: Mapping[str, object], prefix: str = "") -> Iterator[tuple[str, object]]:
    for name, value in facts.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value
