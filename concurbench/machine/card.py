"""The identity card: facts about a machine and an interpreter, and how two cards differ."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import partial

HIDDEN = "hidden"
"""The value of a fact that the hypervisor does not show to its virtual machine."""

UNKNOWN = "unknown"
"""The value of a fact that cannot be read on this machine."""

NONE = "none"
"""The value of a quota or limit that is not set."""

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
    value: Value
    kind: Kind
    reason: str = ""

    @property
    def text(self) -> str:
        """The value for people."""
        if isinstance(self.value, bool):
            return "yes" if self.value else "no"
        return f"{self.value} ({self.reason})" if self.reason else str(self.value)


identity = partial(Field, kind=Kind.IDENTITY)
context = partial(Field, kind=Kind.CONTEXT)
volatile = partial(Field, kind=Kind.VOLATILE)


@dataclass(frozen=True)
class Card:
    """A machine, an interpreter and the packages that are timed."""

    folder: str
    sections: Mapping[str, Sequence[Field]]
    """Title -> fields about one subject."""

    @property
    def fields(self) -> Iterator[Field]:
        return itertools.chain.from_iterable(self.sections.values())

    def value(self, name: str) -> Value:
        return next(field.value for field in self.fields if field.name == name)

    def facts(self) -> dict[str, object]:
        """Values by name, as a saved run keeps them. Volatile values and the versions of packages
        have keys of their own."""
        volatile = {field.name: field.value for field in self.fields if field.kind is Kind.VOLATILE}
        values = {field.name: field.value for field in self.fields if field.name not in volatile}
        packages = {name: value for name, value in values.items() if name.startswith(f"{PACKAGES}.")}
        return {
            **{name: value for name, value in values.items() if name not in packages},
            PACKAGES: {name.partition(".")[2]: value for name, value in packages.items()},
            Kind.VOLATILE.value: volatile,
        }


def differences(base: Mapping[str, object], head: Mapping[str, object]) -> list[str]:
    """The facts in which two saved runs differ, each as ``name: base → head``.

    Volatile facts are left out. So are facts that only one run has: the other may have been saved
    before the fact was recorded. A package that only one run has is a difference.
    """
    old, new = dict(_flat(base)), dict(_flat(head))
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
