"""The identity card: all that is known of a machine and an interpreter, and what follows from it."""

from __future__ import annotations

import contextlib
import importlib.metadata
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from concurbench.machine import interpreter, memory, processor, system
from concurbench.machine.field import NOT_TOLD, Field, Kind, Value, context
from concurbench.machine.host import Host
from concurbench.machine.interpreter import Interpreter

PACKAGES = "packages"
"""The key of the versions of packages in saved runs."""

NOT_THERE = "not there"


@dataclass(frozen=True)
class Section:
    """Fields about one thing, and its title."""

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
        """What the field of this name says."""
        return next(field.value for field in self.fields if field.name == name)

    def facts(self) -> dict[str, object]:
        """What a saved run keeps: the values by name, with those that change by themselves, and the
        versions of packages, under keys of their own."""
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


def card(
    packages: Iterable[str] = (), host: Host | None = None, python: Interpreter | None = None
) -> Card:
    """The card of this machine and interpreter, or of others, and the versions of ``packages``, of
    those that are there."""
    host, python = host or Host.here(), python or Interpreter.here()
    sections = {
        "machine": system.fields(host),
        "processor": processor.fields(host),
        "memory": memory.fields(host),
        "Python": interpreter.fields(python),
        "packages": _versions(packages),
    }
    changing = [field for each in sections.values() for field in each if field.kind is Kind.VOLATILE]
    lasting = {
        title: tuple(field for field in fields if field.kind is not Kind.VOLATILE)
        for title, fields in sections.items()
    }
    return Card(
        _folder(host, python.name),
        tuple(Section(*each) for each in {**lasting, "right now": tuple(changing)}.items()),
    )


def facts(packages: Iterable[str] = ()) -> dict[str, object]:
    """The facts about this machine and interpreter, and the versions of ``packages``, as a saved run
    keeps them."""
    return card(packages).facts()


def folder(python: str | None = None) -> str:
    """The name of this machine and interpreter, as in ``linux-kvm-amd-epyc-25.17.1-2c-cpython-3.11``;
    of another interpreter if ``python`` names it. Nothing but identity fields goes into it."""
    return _folder(Host.here(), python or Interpreter.here().name)


def differences(base: Mapping[str, object], head: Mapping[str, object]) -> list[str]:
    """The facts that two runs do not share, each as ``name: base → head``.

    What changes by itself is left out, and so is what only one of them knows of, for the other may be
    older than the fact. A package, though, was either there or not.
    """
    old, new = dict(_flat(base)), dict(_flat(head))
    names = old.keys() & new.keys() | {
        name for name in old.keys() ^ new.keys() if name.startswith(f"{PACKAGES}.")
    }
    return [
        f"{name}: {old.get(name, NOT_THERE)} → {new.get(name, NOT_THERE)}"
        for name in sorted(names)
        if not name.startswith(f"{Kind.VOLATILE.value}.") and old.get(name) != new.get(name)
    ]


def _folder(host: Host, python: str) -> str:
    parts = [
        system.name(host),
        _below(host),
        processor.distinct_name(host),
        f"{processor.core_share(host):g}c",
        python,
    ]
    return _slug("-".join(part for part in parts if part))


def _below(host: Host) -> str:
    """The hypervisor's part of the name. Windows' second Linux never runs without its own."""
    below = system.virtual_machine(host)
    return "" if below in (system.NO, NOT_TOLD) or system.name(host) == "wsl2" else below


def _versions(packages: Iterable[str]) -> list[Field]:
    fields = []
    for name in sorted(packages):
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            fields.append(context(f"{PACKAGES}.{name}", name, importlib.metadata.version(name)))
    return fields


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9.]+", "-", text.lower()).strip("-")


def _flat(facts: Mapping[str, object], prefix: str = "") -> Iterator[tuple[str, object]]:
    for name, value in facts.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value
